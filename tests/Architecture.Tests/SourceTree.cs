using System.Runtime.CompilerServices;

namespace VirtioFs.Architecture.Tests;

/// <summary>The sources as they lie beside this project.</summary>
internal static class SourceTree
{
    internal static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    /// <summary>All sources of a project, as paths from <see cref="Root"/>.</summary>
    internal static IEnumerable<string> Files(string project) =>
        Directory.EnumerateFiles(Path.Combine(Root, "src", project), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file))
            .Where(file => !file.Split('/').Contains("obj"))
            .Order(StringComparer.Ordinal);

    /// <summary>The folder of a source inside of its project, as the namespace has it: with dots.</summary>
    internal static string FolderOf(string file) => string.Join('.', file.Split('/')[2..^1]);

    /// <summary>The folder of each type, by its full name: a type lies in the source named after it, a part of one behind a dot.</summary>
    internal static Dictionary<string, string> FoldersOfTypes(string project)
    {
        Dictionary<string, string> folders = [];
        foreach (string file in Files(project))
        {
            string space = Lines(file).First(line => line.StartsWith("namespace ", StringComparison.Ordinal))["namespace ".Length..^1];
            _ = folders.TryAdd($"{space}.{Path.GetFileName(file).Split('.')[0]}", FolderOf(file));
        }

        // Each folder has a part of it.
        _ = folders.Remove("VirtioFs.Linux.LibC");
        return folders;
    }

    internal static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Root, file));

    private static string Here([CallerFilePath] string file = "") => file;
}
