using System.Diagnostics;

namespace VirtioFs.Fuzz;

/// <summary>The folders of one round: two shares, each with content that the other must never show, and files beside them.</summary>
internal sealed class FuzzTree : IDisposable
{
    private const int MarkLength = 24;
    private readonly string _root;
    private readonly string _before;

    internal FuzzTree(string directory, ulong seed)
    {
        _root = Directory.CreateDirectory(Path.Combine(directory, $"virtiofs-fuzz-{Environment.ProcessId}-{seed}")).FullName;
        for (int i = 0; i < Shares; i++)
        {
            string share = Share(i);
            Directory.CreateDirectory(Path.Combine(share, "dir", "sub"));
            foreach (string name in (string[])["a", "b", "file", "dir/c", "dir/sub/d"])
            {
                File.WriteAllText(Path.Combine(share, name), string.Concat(Enumerable.Repeat(Mark(i), 200)));
            }

            File.CreateSymbolicLink(Path.Combine(share, "link"), "../beside/secret");
        }

        Directory.CreateDirectory(Quiet);
        File.WriteAllText(Path.Combine(Quiet, "a"), "a");
        File.WriteAllText(Path.Combine(Quiet, "leased"), "leased");
        Directory.CreateDirectory(Beside);
        File.WriteAllText(Path.Combine(Beside, "secret"), string.Concat(Enumerable.Repeat(Mark(Shares), 200)));
        File.WriteAllText(Path.Combine(Beside, "other"), "other");
        _before = Describe();
    }

    internal const int Shares = 2;

    /// <summary>The file of a share that is shared alone.</summary>
    internal const string SingleFile = "file";

    /// <summary>A folder to share that no program of the host changes.</summary>
    internal string Quiet => Path.Combine(_root, "quiet");

    private string Beside => Path.Combine(_root, "beside");

    internal string Share(int index) => Path.Combine(_root, $"share{index}");

    internal string Socket(int index) => Path.Combine(_root, $"socket{index}");

    /// <summary>Bytes that a share's files hold, and that nobody else can know.</summary>
    internal static string Mark(int index) => $"mark-{(char)('A' + index)}-5d2f81c07be94a36".PadRight(MarkLength, '.');

    /// <summary>Throws where bytes are another share's, or of a file beside.</summary>
    internal static void CheckBytes(ReadOnlySpan<byte> bytes, int share)
    {
        int at = bytes.IndexOf("-5d2f81c07be94a36"u8);
        if (at > 0 && bytes[at - 1] != (byte)('A' + share))
        {
            throw new FuzzFinding($"Share {share} answered with bytes of {(char)bytes[at - 1]}.");
        }
    }

    /// <summary>Throws where anything beside the shares has changed.</summary>
    internal void CheckBeside()
    {
        string now = Describe();
        if (now != _before)
        {
            throw new FuzzFinding($"Files beside the shares have changed.\nBefore:\n{_before}\nNow:\n{now}");
        }
    }

    public void Dispose()
    {
        // The guest may have made files immutable.
        using (Process chattr = Process.Start(new ProcessStartInfo("chattr", ["-R", "-f", "-ia", _root]) { RedirectStandardError = true })!)
        {
            chattr.WaitForExit();
        }

        using Process remove = Process.Start("rm", ["-rf", _root]);
        remove.WaitForExit();
    }

    private string Describe()
    {
        List<string> lines = [];
        foreach (string path in Directory.GetFileSystemEntries(_root).Concat(Directory.GetFileSystemEntries(Beside)).Order(StringComparer.Ordinal))
        {
            FileInfo file = new(path);
            if (path.StartsWith(Beside, StringComparison.Ordinal))
            {
                lines.Add($"{path} {file.UnixFileMode} {file.LastWriteTimeUtc:O} {(file.Exists ? File.ReadAllText(path).GetHashCode(StringComparison.Ordinal) : 0)}");
            }
            else if (!Path.GetFileName(path).StartsWith("socket", StringComparison.Ordinal))
            {
                lines.Add(path);
            }
        }

        return string.Join('\n', lines);
    }
}
