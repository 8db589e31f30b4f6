using System.Collections;

namespace VirtioFs.Cmdlets;

/// <summary>Completes the tag of a new share: the name of the directory that is to be shared.</summary>
public sealed class DirectoryNameCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters)
    {
        object? given = boundParameters["Path"] ?? boundParameters["LiteralPath"];
        string? path = given as string ?? (given as object[])?.FirstOrDefault() as string;
        string? name = path is null ? null : Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        return string.IsNullOrEmpty(name) || name.Contains('*', StringComparison.Ordinal) ? [] : [new LiveValue(name, $"The name of the directory '{path}'")];
    }
}
