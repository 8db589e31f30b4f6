using System.Diagnostics;
using System.Net.Sockets;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>
/// A libvirtd of this test's own, as an ordinary user, with its socket and its state in a temporary folder. Its test driver serves as a
/// hypervisor. It ends by itself when no client is left for a while, so also when the test program dies.
/// </summary>
internal sealed class OwnDaemon : IDisposable
{
    private const int SecondsToStart = 60;

    private readonly TemporaryFolder _folder = new();
    private Process? _process;

    public OwnDaemon()
    {
        if (!File.Exists("/usr/sbin/libvirtd"))
        {
            Assert.Skip("libvirtd is not installed.");
        }

        Directory.CreateDirectory(Runtime);
        if (Environment.IsPrivilegedProcess)
        {
            Tool.Run("chown", ["-R", "nobody", _folder.Path]);
        }

        Start();
    }

    public string Uri => $"test+unix:///default?socket={Socket}";

    private string Runtime => Path.Combine(_folder.Path, "r");

    public string Socket => Path.Combine(Runtime, "libvirt/libvirt-sock");

    public void Start()
    {
        string[] command = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "/usr/sbin/libvirtd", "--timeout", "30"]
            : ["/usr/sbin/libvirtd", "--timeout", "30"];
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = "/" };
        start.Environment["HOME"] = _folder.Path;
        start.Environment["XDG_RUNTIME_DIR"] = Runtime;
        foreach (string variable in (string[])["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS"])
        {
            start.Environment.Remove(variable);
        }

        _process = Process.Start(start)!;
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        Stopwatch clock = Stopwatch.StartNew();
        while (!Accepts())
        {
            Assert.False(_process.HasExited, "libvirtd ended at once.");
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(SecondsToStart), "libvirtd did not start.");
            Thread.Sleep(20);
        }
    }

    public void Stop()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
        File.Delete(Socket);
    }

    /// <summary>Lets the daemon do nothing, and hold its connections.</summary>
    public void Freeze() => Tool.Run("kill", ["-STOP", $"{_process!.Id}"]);

    public void Thaw() => Tool.Run("kill", ["-CONT", $"{_process!.Id}"]);

    public void Dispose()
    {
        Stop();
        _folder.Dispose();
    }

    private bool Accepts()
    {
        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(Socket));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
