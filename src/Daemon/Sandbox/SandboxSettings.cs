using VirtioFs.DeviceEngine.Options;
using VirtioFs.Linux;

namespace VirtioFs.Daemon.Sandbox;

/// <summary>The sandbox that the command line asks for.</summary>
internal sealed record SandboxSettings
{
    // What serving files takes of root's rights: those that virtiofsd keeps.
    private static readonly string[] s_needed = ["chown", "dac_override", "fowner", "fsetid", "setgid", "setuid", "mknod", "setfcap"];

    /// <summary>How.</summary>
    internal SandboxMode Mode { get; init; }

    /// <summary>The capabilities that it keeps, where it has them.</summary>
    internal ulong Capabilities { get; init; }

    /// <summary>Whether capabilities were given or taken by name.</summary>
    internal bool ChangesCapabilities { get; init; }

    /// <summary>Ids of users, as <c>inside outside count</c>.</summary>
    internal IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>Ids of groups.</summary>
    internal IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Whether ids are mapped by the kernel, and not by the device.</summary>
    internal bool MapsIds => Mode == SandboxMode.Namespace && Users.Count + Groups.Count > 0;

    /// <summary>Whether it has users of its own: an ordinary user has no other way to namespaces.</summary>
    internal bool HasUsers => Mode == SandboxMode.Namespace && (MapsIds || !Environment.IsPrivilegedProcess);

    /// <summary>Whether a process has to be made for it.</summary>
    internal bool IsWanted => Mode != SandboxMode.None || (ChangesCapabilities && Environment.IsPrivilegedProcess);

    /// <summary>What was asked for and does not hold, as sentences.</summary>
    internal IEnumerable<string> Warnings => ChangesCapabilities && !Environment.IsPrivilegedProcess && !MapsIds
        ? ["--modcaps has no effect: an ordinary user's process has no capabilities, unless --sandbox namespace maps ids for it."]
        : [];

    internal static SandboxSettings From(IReadOnlyList<GivenOption> given)
    {
        string? Value(string name) => given.LastOrDefault(option => option.Option.Name == name)?.Value;
        IReadOnlyList<string> Maps(string name) =>
            [.. given.Where(option => option.Option.Name == name).Select(option => option.Value.Trim(':').Replace(':', ' '))];
        ulong capabilities = s_needed.Aggregate(0UL, (set, name) => set | CapabilityNames.GetBit(name));

        // Handles open any file of the host's file system, so only who asks for them has the right to.
        if (Value("--inode-file-handles") is "prefer" or "mandatory")
        {
            capabilities |= CapabilityNames.GetBit("dac_read_search");
        }

        string? changes = Value("--modcaps");
        foreach (string change in changes?.Split(':') ?? [])
        {
            ulong bit = CapabilityNames.GetBit(change[1..]);
            capabilities = change[0] == '+' ? capabilities | bit : capabilities & ~bit;
        }

        return new SandboxSettings
        {
            Mode = Value("--sandbox") is { } mode ? Enum.Parse<SandboxMode>(mode, ignoreCase: true) : SandboxMode.None,
            Capabilities = capabilities,
            ChangesCapabilities = changes is not null,
            Users = Maps("--uid-map"),
            Groups = Maps("--gid-map"),
        };
    }

    /// <summary>What holds, as the end of a sentence.</summary>
    internal string Describe(ulong capabilities)
    {
        string names = string.Join(',', CapabilityNames.InSet(capabilities));
        string rights = names.Length > 0 ? $"capabilities {names}" : "no capabilities";
        return Mode switch
        {
            SandboxMode.Namespace => $"namespace (mounts, processes, network{(HasUsers ? ", users" : string.Empty)} of its own; the share is its root), {rights}",
            SandboxMode.Chroot => $"chroot (the share is its root), {rights}",
            _ when IsWanted => $"none, {rights}",
            _ => "none",
        };
    }
}
