using VirtioFs.Frontend;

namespace VirtioFs.Daemon.Tests;

public sealed class ForegroundTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public void A_signal_stops_it_cleanly(string signal)
    {
        using RunningProgram program = Start("--tag", "t");
        string ready = program.ReadErrorLine();
        Assert.Contains($"'{_folder.Shared}' as 't' on '{_folder.Socket}'", ready);
        Assert.True(File.Exists(_folder.Socket));

        program.Signal(signal);

        Assert.Equal(0, program.WaitForExit());
        Assert.False(File.Exists(_folder.Socket));
    }

    [Fact]
    public void It_serves_one_connection_of_a_socket_that_it_inherits()
    {
        // Perl is on every Debian, and can hand a listening socket on as libvirt does.
        const string Listen = "$^F = 99; my $s; socket($s, AF_UNIX, SOCK_STREAM, 0) && bind($s, pack_sockaddr_un(shift)) && listen($s, 1) or die; "
            + "exec(shift, '--fd=' . fileno($s), @ARGV)";
        using var program = RunningProgram.Through("perl", "-MSocket", "-e", Listen, _folder.Socket, RunningProgram.Executable, "--shared-dir", _folder.Shared);
        Assert.Contains("sharing", program.ReadErrorLine());
        using (VirtioFsGuest.Connect(_folder.Socket))
        {
            Assert.Contains("is connected", program.ReadErrorLine());
        }

        Assert.Contains("is gone", program.ReadErrorLine());
        Assert.Equal(0, program.WaitForExit());
    }

    [Fact]
    public void It_ends_with_its_first_guest_when_that_is_asked_for()
    {
        using RunningProgram program = Start("--exit-on-disconnect");
        program.ReadErrorLine();
        VirtioFsGuest.Connect(_folder.Socket).Dispose();
        Assert.Equal(0, program.WaitForExit());
        Assert.False(File.Exists(_folder.Socket));
    }

    [Fact]
    public void It_takes_every_way_of_passing_a_directory_on()
    {
        using RunningProgram program = Start(
            "--cache=always", "--writeback", "--allow-direct-io", "--no-readdirplus", "--posix-lock=guest", "--flock=none", "--xattrmap=:ok:all:::",
            "--security-label", "--translate-uid=map:0:1000:1", "--translate-uid=forbid-guest:5:10", "--translate-gid=squash-guest:0:100:10",
            "--no-killpriv-v2", "--preserve-noatime", "--no-announce-submounts", "--inode-file-handles=never");
        Assert.Contains("sharing", program.ReadErrorLine());
    }

    [Fact]
    public void A_single_file_is_shared()
    {
        File.WriteAllText(Path.Combine(_folder.Shared, "notes"), "");
        using RunningProgram program = new("--shared-dir", Path.Combine(_folder.Shared, "notes"), "--socket-path", _folder.Socket);
        Assert.Contains("/notes'", program.ReadErrorLine());
    }

    [Theory]
    [InlineData("/")]
    [InlineData("a name of fifty-two bytes, which is too long for a tag")]
    public void A_directory_whose_name_is_no_tag_is_shared_without_one(string name)
    {
        string directory = Directory.CreateDirectory(Path.Combine(_folder.Shared, name)).FullName;
        using RunningProgram program = new("--shared-dir", directory, "--socket-path", _folder.Socket);
        Assert.Contains($"sharing '{directory}' on", program.ReadErrorLine());
    }

    [Fact]
    public void It_says_who_comes_and_goes_and_stays_for_the_next()
    {
        using RunningProgram program = Start();
        program.ReadErrorLine();
        for (int visit = 0; visit < 2; visit++)
        {
            using (VirtioFsGuest.Connect(_folder.Socket))
            {
                Assert.Contains("is connected", program.ReadErrorLine());
            }

            Assert.Contains("waiting for the next", program.ReadErrorLine());
        }

        program.Signal("TERM");
        Assert.Equal(0, program.WaitForExit());
    }

    [Fact]
    public void A_signal_stops_it_while_a_virtual_machine_is_connected()
    {
        using RunningProgram program = Start();
        program.ReadErrorLine();
        using VirtioFsGuest guest = VirtioFsGuest.Connect(_folder.Socket);
        program.ReadErrorLine();

        program.Signal("TERM");

        Assert.Matches("SIGTERM: the share is stopped under the connected virtual machine", program.ReadErrorLine());
        Assert.Equal(0, program.WaitForExit());
        Assert.False(File.Exists(_folder.Socket));
    }

    [Fact]
    public void The_socket_has_the_mode_that_was_asked_for()
    {
        using RunningProgram program = Start("--socket-mode", "0660");
        program.ReadErrorLine();
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(_folder.Socket));
    }

    [Fact]
    public void It_starts_again_where_one_was_killed()
    {
        using (RunningProgram killed = Start())
        {
            killed.ReadErrorLine();
            killed.Signal("KILL");
            Assert.NotEqual(0, killed.WaitForExit());
            Assert.True(File.Exists(_folder.Socket));
        }

        using RunningProgram program = Start();
        Assert.Contains("sharing", program.ReadErrorLine());
    }

    [Fact]
    public void A_second_one_on_the_same_socket_is_refused()
    {
        using RunningProgram first = Start();
        first.ReadErrorLine();
        (int exitCode, _, string errors) = RunningProgram.Run("--shared-dir", _folder.Shared, "--socket-path", _folder.Socket);
        Assert.Equal(1, exitCode);
        Assert.Contains($"Process {first.ProcessId} is already listening", errors);
        using VirtioFsGuest guest = VirtioFsGuest.Connect(_folder.Socket);
        Assert.Contains("is connected", first.ReadErrorLine());
    }

    private RunningProgram Start(params string[] extra) => new(["--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, .. extra]);
}
