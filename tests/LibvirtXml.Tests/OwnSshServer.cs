using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>
/// An ssh server of this test's own on a free port of the loopback device, with keys of its own. Where no server is installed, the program
/// that libvirt runs as ssh does what ssh does after a login: it runs the command.
/// </summary>
internal sealed class OwnSshServer : IDisposable
{
    private const string Server = "/usr/sbin/sshd";
    private const int SecondsToStart = 30;

    private readonly TemporaryFolder _folder = new();
    private readonly int _port = FreePort();
    private Process? _process;

    public OwnSshServer()
    {
        Tool.Require("nc", "netcat-openbsd");
        IsReal = File.Exists(Server) && File.Exists("/usr/bin/ssh");
        if (!IsReal)
        {
            Write("ssh", "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift 2\nexec sh -c \"$*\"\n");
            return;
        }

        foreach (string key in (string[])["host", "key"])
        {
            Assert.Equal(0, Tool.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", string.Empty, "-f", PathOf(key)]).ExitCode);
        }

        string host = File.ReadAllText(PathOf("host.pub")).Trim();
        Write("known", $"[127.0.0.1]:{_port} {host}\n");
        Write("config", $"Host *\n HostName 127.0.0.1\n Port {_port}\n User {Environment.UserName}\n IdentityFile {PathOf("key")}\n IdentitiesOnly yes\n UserKnownHostsFile {PathOf("known")}\n");
        Write("ssh", $"#!/bin/sh\nexec ssh -F '{PathOf("config")}' \"$@\"\n");
        Accept(isKeyAccepted: true);
        Start();
    }

    /// <summary>Whether there is a server, and not just the command.</summary>
    public bool IsReal { get; }

    /// <summary>The program that libvirt is to run as ssh.</summary>
    public string Program => PathOf("ssh");

    /// <summary>Lets the client's key in, or leaves passwords as the only way.</summary>
    public void Accept(bool isKeyAccepted) => File.WriteAllText(PathOf("authorized"), isKeyAccepted ? File.ReadAllText(PathOf("key.pub")) : string.Empty);

    /// <summary>Lets the client forget the server's key.</summary>
    public void Forget() => File.WriteAllText(PathOf("known"), string.Empty);

    /// <summary>Ends the server; its port refuses connections then.</summary>
    public void Stop()
    {
        _process?.Kill(entireProcessTree: true);
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Stop();
        _folder.Dispose();
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Start()
    {
        if (Environment.IsPrivilegedProcess)
        {
            // sshd of root wants the empty directory that its service makes.
            Directory.CreateDirectory("/run/sshd");
        }

        string port = _port.ToString(CultureInfo.InvariantCulture);
        string[] options =
        [
            $"Port={port}", "ListenAddress=127.0.0.1", $"HostKey={PathOf("host")}", $"AuthorizedKeysFile={PathOf("authorized")}", "PidFile=none", "UsePAM=no", "StrictModes=no",
            "PasswordAuthentication=yes", "PermitRootLogin=yes",
        ];
        _process = Process.Start(new ProcessStartInfo(Server, ["-D", "-e", "-f", "/dev/null", .. options.SelectMany(option => (string[])["-o", option])]) { RedirectStandardError = true })!;
        _process.BeginErrorReadLine();
        Stopwatch clock = Stopwatch.StartNew();
        while (!Answers())
        {
            Assert.False(_process.HasExited, "sshd ended at once.");
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(SecondsToStart), "sshd did not start.");
            Thread.Sleep(20);
        }
    }

    private bool Answers()
    {
        try
        {
            using TcpClient client = new();
            client.Connect(IPAddress.Loopback, _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);

    private void Write(string name, string text)
    {
        File.WriteAllText(PathOf(name), text);
        File.SetUnixFileMode(PathOf(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
