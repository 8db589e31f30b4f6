using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace VirtioFs.Daemon.Tests;

/// <summary>A libvirtd of the tests' own (<c>eng/libvirtd.sh</c>), and what it runs.</summary>
public sealed class LibvirtHost : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(90);
    private static readonly string s_checkout = typeof(LibvirtHost).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "Checkout").Value!;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vfs-");
    private readonly Process? _daemon;

    public LibvirtHost()
    {
        string[] missing = [.. ((string[])["libvirtd", "virsh", "tini", "unshare", "qemu-system-x86_64"]).Where(name => FindProgram(name) is null)];
        Lack = !Environment.IsPrivilegedProcess ? "Only root can start a libvirtd of its own."
            : missing.Length > 0 ? $"{string.Join(", ", missing)} is not installed." : null;
        if (Lack is not null)
        {
            return;
        }

        _folder.UnixFileMode |= UnixFileMode.OtherRead | UnixFileMode.OtherExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
        _daemon = Process.Start(new ProcessStartInfo("bash", [Path.Combine(s_checkout, "eng/libvirtd.sh"), _folder.FullName])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        WaitUntil(() => File.Exists(Socket), "libvirtd did not make its socket");
    }

    /// <summary>Why there is none, as a sentence; null when there is one.</summary>
    internal string? Lack { get; }

    internal string Folder => _folder.FullName;

    private string Socket => Path.Combine(_folder.FullName, "libvirt-sock");

    internal static string? FindProgram(string name) => (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin")
        .Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    internal static void WaitUntil(Func<bool> condition, string failure)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < s_limit, failure);
            Thread.Sleep(20);
        }
    }

    /// <summary>The processes that have this among the words of their command lines.</summary>
    internal static IReadOnlyList<int> FindProcesses(string program, string word) =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit))
            .Where(id => IsProcess(id!, program, word)).Select(id => int.Parse(id!, CultureInfo.InvariantCulture))];

    /// <summary>Runs virsh; answers what it printed.</summary>
    internal string Virsh(params string[] arguments)
    {
        (int exitCode, string text) = TryVirsh(arguments);
        Assert.True(exitCode == 0, $"virsh {string.Join(' ', arguments)}: {text}\n{ReadLogs()}");
        return text;
    }

    internal (int ExitCode, string Text) TryVirsh(params string[] arguments)
    {
        using var virsh = Process.Start(new ProcessStartInfo("virsh", ["-q", "-c", $"qemu+unix:///system?socket={Socket}", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = virsh.StandardError.ReadToEndAsync();
        string output = virsh.StandardOutput.ReadToEnd();
        virsh.WaitForExit();
        return (virsh.ExitCode, output + errors.Result);
    }

    /// <summary>Ends libvirt's daemon, and waits for the next one to answer.</summary>
    internal void Restart()
    {
        int before = DaemonId();
        Kill("TERM", before);
        WaitUntil(() => !Directory.Exists($"/proc/{before}"), "libvirtd did not end");
        WaitUntil(() => TryVirsh("list").ExitCode == 0, "libvirtd did not come back");
    }

    internal static void Kill(string signal, int process)
    {
        using var kill = Process.Start("kill", ["-s", signal, process.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (_daemon is not null)
        {
            Kill("TERM", _daemon.Id);
            _daemon.WaitForExit(s_limit);
            _daemon.Dispose();
        }

        _folder.Delete(recursive: true);
    }

    private int DaemonId() => int.Parse(
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).First(id => id!.All(char.IsAsciiDigit) && IsOurDaemon(id!))!,
        CultureInfo.InvariantCulture);

    // The name space is what its daemon shares with the init of its own.
    private bool IsOurDaemon(string id) => ReadWords(id) is ["libvirtd", ..] && ReadMounts(id).Contains(_folder.FullName, StringComparison.Ordinal);

    private static string ReadMounts(string id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/mountinfo");
        }
        catch (IOException)
        {
            return string.Empty;
        }
    }

    private static bool IsProcess(string id, string program, string word) =>
        ReadWords(id) is [var first, .. var rest] && first.EndsWith(program, StringComparison.Ordinal)
        && rest.Any(argument => argument.Contains(word, StringComparison.Ordinal));

    private static string[] ReadWords(string id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            return [];
        }
    }

    private string ReadLogs()
    {
        string log = Path.Combine(_folder.FullName, "libvirtd.log");
        return File.Exists(log) ? File.ReadAllText(log) : string.Empty;
    }
}
