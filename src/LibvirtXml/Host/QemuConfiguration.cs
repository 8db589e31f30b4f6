using System.Text;
using VirtioFs.LibvirtXml.Files;

namespace VirtioFs.LibvirtXml.Host;

/// <summary>
/// libvirt's qemu.conf. A change replaces one assignment and leaves every other character; libvirt reads the file when its daemon
/// starts.
/// </summary>
public sealed class QemuConfiguration
{
    /// <summary>Where libvirt keeps the file.</summary>
    public const string DefaultPath = "/etc/libvirt/qemu.conf";

    /// <summary>What libvirt uses when memory_backing_dir is not set.</summary>
    public const string DefaultMemoryBackingDirectory = "/var/lib/libvirt/qemu/ram";

    private const string MemoryBackingKey = "memory_backing_dir";
    private const string HugetlbfsKey = "hugetlbfs_mount";

    /// <summary>libvirt reads no more (`MAX_CONFIG_FILE_SIZE`).</summary>
    private const int MaximumBytes = 10 * 1024 * 1024;

    private const int MaximumBackups = 1000;

    private string _originalText;
    private FileStamp? _stamp;
    private string _text;
    private VirConfText _parsed;

    private QemuConfiguration(string path, string text, FileStamp? stamp)
    {
        Path = path;
        _originalText = text;
        _stamp = stamp;
        _text = text;
        _parsed = Understand(text);
    }

    /// <summary>The file's absolute path.</summary>
    public string Path { get; }

    /// <summary>Whether the file was there when it was read.</summary>
    public bool Exists => _stamp is not null;

    /// <summary>The file's text as it is now, read as UTF-8; what is not UTF-8 in the file stays as it is there.</summary>
    public string Text => FromFile(_text);

    /// <summary>The directory of file-backed guest memory; null when the file does not set it.</summary>
    public string? MemoryBackingDirectory => Read(_parsed, MemoryBackingKey) is [string only, ..] ? only : null;

    /// <summary>The mount points of hugetlbfs; null when the file does not set them and libvirt looks for them itself.</summary>
    public IReadOnlyList<string>? HugetlbfsMounts => Read(_parsed, HugetlbfsKey);

    /// <summary>What would change, each setting before and after.</summary>
    public IReadOnlyList<Change> Changes => Change.Between(Settings(_originalText), Settings(_text));

    /// <summary>What to know about the file that <see cref="Save"/> wrote.</summary>
    public IReadOnlyList<Advice> Warnings { get; private set; } = [];

    /// <summary>Reads the file; one that is not there reads as empty.</summary>
    /// <param name="path">The file's path.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="HostMemoryException">The file cannot be read, or libvirt would refuse it.</exception>
    public static QemuConfiguration Load(string path = DefaultPath)
    {
        string fullPath = System.IO.Path.GetFullPath(path);
        try
        {
            ReadFile file = ReadFile.Of(fullPath, MaximumBytes);
            return new QemuConfiguration(fullPath, Encoding.Latin1.GetString(file.Content), file.Stamp);
        }
        catch (FileNotFoundException)
        {
            return new QemuConfiguration(fullPath, string.Empty, null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HostMemoryException(
                exception is UnauthorizedAccessException ? "AccessDenied" : "QemuConfigurationUnreadable",
                exception is UnauthorizedAccessException ? ErrorKind.PermissionDenied : ErrorKind.Failed,
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

    /// <summary>
    /// Writes the file in one step and keeps the old one beside it. Owner, permission, access list, extended attributes and security
    /// label are kept, the copy's too.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait for another process that is replacing the file.</param>
    /// <returns>The backup's path; null when nothing was changed, or there was no file.</returns>
    /// <exception cref="HostMemoryException">The file cannot be written; the old one is as it was.</exception>
    /// <exception cref="DomainRuleException">The file was changed by somebody else since it was read; it is as it was.</exception>
    public string? Save(CancellationToken cancellationToken = default)
    {
        if (_text == _originalText)
        {
            return null;
        }

        try
        {
            string? backup = Exists ? BackUp(cancellationToken) : null;
            WrittenFile written = FileReplacement.Write(Path, Encoding.Latin1.GetBytes(_text), mayReplace: Exists, expected: _stamp, cancellationToken: cancellationToken);
            (Warnings, _stamp, _originalText) = (written.Warnings, written.Stamp, _text);
            return backup;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HostMemoryException(
                exception is UnauthorizedAccessException ? "AccessDenied" : "QemuConfigurationUnwritable",
                exception is UnauthorizedAccessException ? ErrorKind.PermissionDenied : ErrorKind.WriteFailed,
                $"The file '{Path}' cannot be changed and is as it was: {exception.Message.TrimEnd('.')}. Run this as root.",
                exception);
        }
    }

    private IEnumerable<(string Name, string? Value)> Settings(string text)
    {
        VirConfText parsed = Understand(text);
        return ((string[])[MemoryBackingKey, HugetlbfsKey])
            .Select(key => (key, parsed.Find(key) is VirConfAssignment found ? FromFile(text[found.ValueStart..found.ValueEnd]) : null));
    }

    /// <summary>Latin-1 keeps each byte a character; paths in UTF-8 go in and out through it.</summary>
    private static string ToFile(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private static string FromFile(string text) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(text));

    private static string[]? Read(VirConfText parsed, string key) =>
        parsed.Find(key) is VirConfAssignment found ? [.. found.Strings!.Select(FromFile)] : null;

    private VirConfText Understand(string text)
    {
        try
        {
            VirConfText parsed = VirConfText.Parse(text);
            RequireKind(parsed.Find(MemoryBackingKey), mayBeList: false);
            RequireKind(parsed.Find(HugetlbfsKey), mayBeList: true);
            return parsed;
        }
        catch (FormatException exception)
        {
            throw new HostMemoryException(
                "QemuConfigurationMalformed",
                ErrorKind.InvalidData,
                $"libvirt cannot read the file '{Path}', and does not start its QEMU driver with it: {exception.Message}. Correct it there.",
                exception);
        }
    }

    private static void RequireKind(VirConfAssignment? assignment, bool mayBeList)
    {
        if (assignment is not null && (assignment.Strings is null || (assignment.IsList && !mayBeList)))
        {
            throw new FormatException($"the value of {assignment.Name} is not a string{(mayBeList ? " or a list of strings" : string.Empty)}");
        }
    }

    private void Set(string key, IReadOnlyList<string>? paths, bool asList)
    {
        string? value = paths is null ? null : Format(key, paths, asList);
        string changed = value is null ? Without(key)
            : _parsed.Find(key) is VirConfAssignment present ? string.Concat(_text.AsSpan(0, present.ValueStart), value, _text.AsSpan(present.ValueEnd))
            : With(key, $"{key} = {value}");
        VirConfText parsed = Understand(changed);
        if (Read(parsed, key) is var read && !(read is null ? paths is null : paths is not null && read.SequenceEqual(paths)))
        {
            throw Uncarried(key, string.Join(", ", paths ?? []));
        }

        _text = changed;
        _parsed = parsed;
    }

    private string Format(string key, IReadOnlyList<string> paths, bool asList)
    {
        string[] quoted = [.. paths.Select(path =>
            (path.StartsWith('/') ? VirConfText.Quote(ToFile(path)) : null) ?? throw Uncarried(key, path))];
        return asList ? $"[{string.Join(", ", quoted)}]" : quoted.Single();
    }

    private HostMemoryException Uncarried(string key, string path) => new(
        "InvalidPath",
        ErrorKind.InvalidArgument,
        $"The path '{path}' cannot be the {key} of '{Path}'. Give an absolute path without a NUL character, and without both kinds of quotation marks.");

    /// <summary>The text without the setting: were only the first assignment taken out, the next would count.</summary>
    private string Without(string key)
    {
        string text = _text;
        foreach (VirConfAssignment found in _parsed.Assignments.Where(assignment => assignment.Name == key).Reverse())
        {
            int lineStart = text.LastIndexOfAny(['\n', '\r'], Math.Max(found.Start - 1, 0)) + 1;
            bool beginsLine = string.IsNullOrWhiteSpace(text[Math.Min(lineStart, found.Start)..found.Start]);
            int end = found.End;
            if (end < text.Length && text[end] == ';')
            {
                text = text.Remove(found.Start, end + 1 - found.Start);
            }
            else if (!beginsLine)
            {
                text = text.Remove(found.Start, end - found.Start);
            }
            else
            {
                int next = text.AsSpan(end).StartsWith("\r\n") ? end + 2 : Math.Min(end + 1, text.Length);
                text = text.Remove(lineStart, next - lineStart);
            }
        }

        // libvirt refuses a file of blanks, but not an empty one.
        return string.IsNullOrWhiteSpace(text) ? string.Empty : text;
    }

    /// <summary>A new assignment stands behind the file's own example of it, where people look for it; else at the end.</summary>
    private string With(string key, string line)
    {
        int example = _parsed.Comments.ToList().FindLastIndex(comment => comment.Text.Split('=') is [string name, _, ..] && name.Trim() == key);
        if (example < 0)
        {
            string separator = _text.Length > 0 && _text[^1] != '\n' ? "\n" : string.Empty;
            return $"{_text}{separator}{line}\n";
        }

        // An example of several lines ends where its list does.
        int last = example;
        bool isOpen = _parsed.Comments[example].Text.Contains('[', StringComparison.Ordinal);
        while (isOpen && !_parsed.Comments[last].Text.Contains(']', StringComparison.Ordinal) && last + 1 < _parsed.Comments.Count)
        {
            last++;
        }

        int position = _parsed.Comments[last].End;
        string newLine = position < _text.Length && _text[position] == '\r' ? "\r\n" : "\n";
        return _text.Insert(position, newLine + line + (position == _text.Length ? "\n" : string.Empty));
    }

    private string BackUp(CancellationToken cancellationToken)
    {
        string name = System.IO.Path.GetFileName(Path);
        IEnumerable<string> names = Enumerable.Range(0, MaximumBackups).Select(number => number == 0 ? $"{name}.bak" : $"{name}.bak.{number}");
        string taken = FileReplacement.WriteCopy(Path, Encoding.Latin1.GetBytes(_originalText), _stamp, names, cancellationToken);
        return System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, taken);
    }
}
