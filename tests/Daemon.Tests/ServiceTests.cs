using System.Diagnostics;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using VirtioFs.Frontend;

namespace VirtioFs.Daemon.Tests;

/// <summary>The program under a service manager.</summary>
public sealed class ServiceTests : IDisposable
{
    private static readonly string s_packaging = Path.Combine(
        typeof(ServiceTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "Checkout").Value!, "packaging");

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("none")]
    [InlineData("namespace")]
    public void It_tells_when_it_is_ready_and_that_it_stops(string sandbox)
    {
        Assert.SkipUnless(sandbox == "none" || Environment.IsPrivilegedProcess, "It takes root.");
        string path = _folder.Socket + ".notify";
        using Socket manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(path));
        manager.ReceiveTimeout = 30_000;
        using var program = RunningProgram.Through("env", [$"NOTIFY_SOCKET={path}", RunningProgram.Executable, .. Words($"--sandbox={sandbox}")]);
        Assert.StartsWith("READY=1\nSTATUS=Sharing", Receive(manager));
        program.Signal("TERM");
        Assert.StartsWith("STOPPING=1\n", Receive(manager));
        Assert.Equal(0, program.WaitForExit());
    }

    [Theory]
    [InlineData("none")]
    [InlineData("namespace")]
    public void It_takes_the_socket_that_it_was_started_with(string sandbox)
    {
        Assert.SkipUnless(sandbox == "none" || Environment.IsPrivilegedProcess, "It takes root.");
        Assert.SkipWhen(LibvirtHost.FindProgram("systemd-socket-activate") is null, "systemd-socket-activate is not installed.");
        using var program = RunningProgram.Through(
            "systemd-socket-activate", ["-l", _folder.Socket, RunningProgram.Executable, .. Words($"--sandbox={sandbox}")]);
        Assert.True(SpinWait.SpinUntil(() => File.Exists(_folder.Socket), TimeSpan.FromSeconds(30)));
        using VirtioFsGuest guest = VirtioFsGuest.Connect(_folder.Socket);
        string line;
        do
        {
            line = program.ReadErrorLine();
        }
        while (!line.Contains("is connected", StringComparison.Ordinal));
        Assert.False(File.Exists(_folder.Socket + ".pid"));
    }

    [Fact]
    public void Lines_for_the_journal_begin_with_their_priority()
    {
        const string Journal = "export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); exec \"$@\"";
        using var program = RunningProgram.Through("bash", ["-c", Journal, "bash", RunningProgram.Executable, .. Words("--migration-mode=file-handles")]);
        Assert.StartsWith("<4>--migration-mode", program.ReadErrorLine());
        Assert.StartsWith("<6>sharing", program.ReadErrorLine());
    }

    [Theory]
    [InlineData("vhost-user-fs@.service")]
    [InlineData("vhost-user-fs@.socket")]
    public void Systemd_finds_nothing_wrong_with_a_unit(string unit)
    {
        Assert.SkipWhen(LibvirtHost.FindProgram("systemd-analyze") is null, "systemd-analyze is not installed.");
        foreach (string file in (string[])["vhost-user-fs@.service", "vhost-user-fs@.socket"])
        {
            string text = File.ReadAllText(Path.Combine(s_packaging, file)).Replace("/usr/bin/vhost-user-fs", RunningProgram.Executable, StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(_folder.Shared, file), text.Replace("man:vhost-user-fs(1)", "man:mount(8)", StringComparison.Ordinal));
        }

        using var verify = Process.Start(new ProcessStartInfo("systemd-analyze", ["verify", "--man=no", Path.Combine(_folder.Shared, unit)]) { RedirectStandardError = true })!;
        string errors = verify.StandardError.ReadToEnd();
        verify.WaitForExit();
        Assert.DoesNotContain("vhost-user-fs", errors);
    }

    [Fact]
    public void The_documents_for_man_are_what_the_table_says()
    {
        string path = Path.Combine(s_packaging, "vhost-user-fs.1");
        if (Environment.GetEnvironmentVariable("VIRTIOFS_WRITE_DOCUMENTS") == "1")
        {
            File.WriteAllText(path, ManualPage.Create());
        }

        Assert.Equal(ManualPage.Create(), File.ReadAllText(path));
    }

    private static string Receive(Socket socket)
    {
        byte[] buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }

    private string[] Words(params string[] extra) => ["--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, .. extra];
}
