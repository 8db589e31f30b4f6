namespace VirtioFs.Architecture.Tests;

/// <summary>
/// What may know what, lowest row first: a name knows those in the rows above it here, never its neighbours in a row nor those below.
/// The drawings in docs/architecture.md show the same.
/// </summary>
internal static class Structure
{
    internal static readonly string[][] Projects =
    [
        ["Linux"],
        ["Fuse", "LibvirtXml"],
        ["DeviceEngine"],
        ["Daemon", "Cmdlets"],
    ];

    /// <summary>The folders of the engine; an empty name is the project's own folder.</summary>
    internal static readonly Dictionary<string, string[][]> Folders = new()
    {
        ["Linux"] =
        [
            [""],
            ["Descriptors"],
            ["FileSystem"],
            ["Events", "Memory", "Threads"],
            ["Sockets"],
            ["Foreign"],
            ["Jail"],
            ["Sandbox"],
        ],
        ["Fuse"] =
        [
            [""],
            ["Budgets", "ExtendedAttributeNames", "Identity", "Wire"],
            ["Inspection"],
            ["Locks", "Wire.Attributes", "Wire.Files", "Wire.Locks", "Wire.Names"],
            ["Operations"],
            ["Server", "Passthrough.Slots"],
            ["Passthrough.Mounts"],
            ["Passthrough.Inodes", "Passthrough.OpenFiles"],
            ["Passthrough.Options"],
            ["Passthrough"],
            ["Wrappers"],
        ],
        ["DeviceEngine"] =
        [
            ["Memory", "Threads"],
            ["Descriptors"],
            ["Rings"],
            ["Quotas"],
            ["Queues"],
            ["Device"],
            ["VhostUser"],
            ["Shares"],
            ["Options"],
            ["Observation"],
            ["Control"],
        ],
    };

    /// <summary>
    /// Projects with one namespace for all folders: Linux, whose system calls are one type with a part in each folder, and Cmdlets, of which nobody
    /// writes C#. Everywhere else namespaces follow folders.
    /// </summary>
    internal static readonly string[] WithOneNamespace = ["Linux", "Cmdlets"];

    /// <summary>Folders that must not know each other although one of them is lower: what begins with the first, what begins with the second.</summary>
    internal static readonly (string Project, string One, string Other)[] Strangers =
    [
        ("Fuse", "Server", "Passthrough"),
        ("Fuse", "Server", "Wrappers"),
    ];

    /// <summary>Why a folder must not know another one, or null where it may.</summary>
    internal static string? Objection(string project, string folder, string known)
    {
        if (folder == known)
        {
            return null;
        }

        string[][] rows = Folders[project];
        int own = Array.FindIndex(rows, row => row.Contains(folder)), other = Array.FindIndex(rows, row => row.Contains(known));
        if (own < 0 || other < 0)
        {
            return $"'{(own < 0 ? folder : known)}' has no place in the order";
        }

        bool areStrangers = Array.Exists(Strangers, pair => pair.Project == project && (IsPair(pair, folder, known) || IsPair(pair, known, folder)));
        return other >= own || areStrangers ? $"'{folder}' must not know '{known}'" : null;
    }

    private static bool IsPair((string Project, string One, string Other) pair, string folder, string known) =>
        folder.StartsWith(pair.One, StringComparison.Ordinal) && known.StartsWith(pair.Other, StringComparison.Ordinal);
}
