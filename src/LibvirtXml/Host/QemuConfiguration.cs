using System.Text;
using System.Text.RegularExpressions;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// libvirt's qemu.conf. A change replaces one assignment and leaves every other character; libvirt reads the file when its daemon
/// starts.
/// </summary>
public sealed partial class QemuConfiguration
{
    /// <summary>Where libvirt keeps the file.</summary>
    public const string DefaultPath = "/etc/libvirt/qemu.conf";

    /// <summary>What libvirt uses when memory_backing_dir is not set.</summary>
    public const string DefaultMemoryBackingDirectory = "/var/lib/libvirt/qemu/ram";

    private const string MemoryBackingKey = "memory_backing_dir";
    private const string HugetlbfsKey = "hugetlbfs_mount";

    private readonly string _originalText;
    private string _text;

    private QemuConfiguration(string path, string text, bool exists)
    {
        Path = path;
        Exists = exists;
        _originalText = text;
        _text = text;
    }

    /// <summary>The file's absolute path.</summary>
    public string Path { get; }

    /// <summary>Whether the file was there when it was read.</summary>
    public bool Exists { get; }

    /// <summary>The file's text as it is now.</summary>
    public string Text => _text;

    /// <summary>The directory of file-backed guest memory; null when the file does not set it.</summary>
    public string? MemoryBackingDirectory => Read(MemoryBackingKey) is [string only, ..] ? only : null;

    /// <summary>The mount points of hugetlbfs; null when the file does not set them and libvirt looks for them itself.</summary>
    public IReadOnlyList<string>? HugetlbfsMounts => Read(HugetlbfsKey);

    /// <summary>What would change, each setting before and after.</summary>
    public IReadOnlyList<Change> Changes => Change.Between(Settings(_originalText), Settings(_text));

    /// <summary>Reads the file; one that is not there reads as empty.</summary>
    /// <param name="path">The file's path.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="HostMemoryException">The file cannot be read.</exception>
    public static QemuConfiguration Load(string path = DefaultPath)
    {
        string fullPath = System.IO.Path.GetFullPath(path);
        try
        {
            bool exists = File.Exists(fullPath);
            return new QemuConfiguration(fullPath, exists ? Encoding.Latin1.GetString(File.ReadAllBytes(fullPath)) : string.Empty, exists);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HostMemoryException(
                exception is UnauthorizedAccessException ? "AccessDenied" : "QemuConfigurationUnreadable",
                $"The file '{fullPath}' cannot be read: {exception.Message.TrimEnd('.')}. Run this as root.",
                exception);
        }
    }

    /// <summary>Sets the directory of file-backed guest memory.</summary>
    /// <param name="directory">An absolute path; null to go back to libvirt's default.</param>
    /// <exception cref="HostMemoryException">The path is not absolute, or cannot be written in this file.</exception>
    public void SetMemoryBackingDirectory(string? directory) => Set(MemoryBackingKey, directory is null ? null : [directory], asList: false);

    /// <summary>Sets the mount points of hugetlbfs.</summary>
    /// <param name="directories">Absolute paths, one a page size; an empty list switches hugetlbfs off, null goes back to libvirt's default.</param>
    /// <exception cref="HostMemoryException">A path is not absolute, or cannot be written in this file.</exception>
    public void SetHugetlbfsMounts(IReadOnlyList<string>? directories) =>
        Set(HugetlbfsKey, directories, asList: directories is not null && directories.Count != 1);

    /// <summary>Writes the file in one step and keeps the old one beside it. Mode and owner are kept.</summary>
    /// <returns>The backup's path; null when nothing was changed, or there was no file.</returns>
    /// <exception cref="HostMemoryException">The file cannot be written; the old one is as it was.</exception>
    public string? Save()
    {
        if (_text == _originalText)
        {
            return null;
        }

        try
        {
            string? backup = Exists ? BackUp() : null;
            AtomicFile.Write(Path, Encoding.Latin1.GetBytes(_text));
            return backup;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HostMemoryException(
                exception is UnauthorizedAccessException ? "AccessDenied" : "QemuConfigurationUnwritable",
                $"The file '{Path}' cannot be changed and is as it was: {exception.Message.TrimEnd('.')}. Run this as root.",
                exception);
        }
    }

    private static IEnumerable<(string Name, string? Value)> Settings(string text) =>
        ((string[])[MemoryBackingKey, HugetlbfsKey]).Select(key => (key, Assignment(text, key) is { Success: true } found ? found.Groups["value"].Value.Trim() : null));

    /// <summary>The last assignment counts, as in libvirt's own parser (`virConfGetValue` finds the entry that was set last).</summary>
    private static Match? Assignment(string text, string key) =>
        Assignments().Matches(text).LastOrDefault(match => match.Groups["key"].Value == key);

    /// <summary>Latin-1 keeps each byte a character; paths in UTF-8 go in and out through it.</summary>
    private static string ToFile(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private static string FromFile(string text) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(text));

    private string[]? Read(string key) => Assignment(_text, key) is { Success: true } found
        ? [.. Strings().Matches(found.Groups["value"].Value).Select(match => FromFile(match.Groups["text"].Value))]
        : null;

    private void Set(string key, IReadOnlyList<string>? paths, bool asList)
    {
        foreach (string path in paths ?? [])
        {
            if (!path.StartsWith('/') || path.AsSpan().ContainsAny('"', '\n', '\r'))
            {
                throw new HostMemoryException(
                    "InvalidPath",
                    $"The path '{path}' cannot be the {key} of '{Path}'. Give an absolute path without quotation marks and line ends.");
            }
        }

        string? value = paths is null ? null : Format(paths, asList);
        if (Assignment(_text, key) is { Success: true } present)
        {
            Replace(present, value);
        }
        else if (value is not null)
        {
            Insert(key, $"{key} = {value}");
        }
    }

    private static string Format(IReadOnlyList<string> paths, bool asList)
    {
        IEnumerable<string> quoted = paths.Select(path => $"\"{ToFile(path)}\"");
        return asList ? $"[{string.Join(", ", quoted)}]" : quoted.Single();
    }

    private void Replace(Match present, string? value)
    {
        if (value is not null)
        {
            Group old = present.Groups["value"];
            _text = string.Concat(_text.AsSpan(0, old.Index), value, _text.AsSpan(old.Index + old.Length));
            return;
        }

        int end = _text.IndexOf('\n', present.Index + present.Length);
        _text = _text.Remove(present.Index, (end < 0 ? _text.Length : end + 1) - present.Index);
    }

    /// <summary>A new assignment stands behind the file's own example of it, where people look for it; else at the end.</summary>
    private void Insert(string key, string line)
    {
        Match? example = Examples().Matches(_text).LastOrDefault(match => match.Groups["key"].Value == key);
        int position = example is null ? _text.Length : example.Index + example.Length;
        string before = position > 0 && _text[position - 1] != '\n' ? "\n" : string.Empty;
        string after = position < _text.Length ? string.Empty : "\n";
        string inserted = example is null ? before + line + after : "\n" + line;
        _text = _text.Insert(position, inserted);
    }

    private string BackUp()
    {
        for (int number = 0; ; number++)
        {
            string backup = number == 0 ? Path + ".bak" : $"{Path}.bak.{number}";
            if (!File.Exists(backup))
            {
                AtomicFile.Write(backup, File.ReadAllBytes(Path), File.GetUnixFileMode(Path));
                return backup;
            }
        }
    }

    [GeneratedRegex("""^[ \t]*(?<key>[A-Za-z0-9_]+)[ \t]*=[ \t]*(?<value>\[[^\]]*\]|"[^"\n]*"|'[^'\n]*'|[^#\n]*)""", RegexOptions.Multiline)]
    private static partial Regex Assignments();

    [GeneratedRegex("""^#[ \t]*(?<key>[A-Za-z0-9_]+)[ \t]*=(?:[ \t]*\[[^\]]*\]|[^\n]*)""", RegexOptions.Multiline)]
    private static partial Regex Examples();

    [GeneratedRegex("""(?<quote>["'])(?<text>[^"'\n]*)\k<quote>""")]
    private static partial Regex Strings();
}
