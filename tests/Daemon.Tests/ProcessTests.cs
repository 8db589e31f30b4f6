using System.Diagnostics;
using System.Globalization;

namespace VirtioFs.Daemon.Tests;

/// <summary>What the program does as a process: limits, lines, the file beside its socket.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_limit_of_descriptors_is_what_was_asked_for()
    {
        using RunningProgram program = Start("--rlimit-nofile=700");
        program.ReadErrorLine();
        string line = File.ReadLines($"/proc/{program.ProcessId}/limits").Single(limit => limit.StartsWith("Max open files", StringComparison.Ordinal));
        Assert.Equal(["700", "700"], line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3..5]);
    }

    [Theory]
    [InlineData("--migration-mode", "file-handles")]
    public void What_is_not_there_yet_is_told_and_the_share_starts(string option, string value)
    {
        using RunningProgram program = Start(option, value);
        string warning = program.ReadErrorLine();
        Assert.Contains(option, warning);
        Assert.Contains("not there yet", warning);
        Assert.Contains("sharing", program.ReadErrorLine());
    }

    [Theory]
    [InlineData("kill")]
    [InlineData("trap")]
    [InlineData("log")]
    public void All_threads_have_the_filter_that_is_asked_for(string action)
    {
        using RunningProgram program = Start($"--seccomp={action}");
        Assert.Contains($"needless system calls: {action};", program.ReadErrorLine());
        Assert.All(Directory.EnumerateDirectories($"/proc/{program.ProcessId}/task"), thread => Assert.Contains("Seccomp:\t2", File.ReadAllLines($"{thread}/status")));
    }

    [Fact]
    public void What_is_none_needs_no_warning()
    {
        using RunningProgram program = Start("--sandbox=none", "--seccomp=none");
        Assert.Contains("sharing", program.ReadErrorLine());
    }

    [Fact]
    public void A_level_decides_which_lines_are_written()
    {
        using RunningProgram program = Start("--log-level=warn", "--migration-mode=file-handles");
        Assert.Contains("--migration-mode", program.ReadErrorLine());
        WaitForSocket();
        program.Signal("TERM");
        Assert.Equal(0, program.WaitForExit());
        Assert.Empty(program.ReadErrorLine());
    }

    [Fact]
    public void The_file_beside_the_socket_holds_the_number_and_is_locked_as_long_as_the_program_lives()
    {
        string path = _folder.Socket + ".pid";
        using (RunningProgram program = Start())
        {
            program.ReadErrorLine();
            // .NET's own readers ask for a lock of their own.
            using var reader = Process.Start(new ProcessStartInfo("cat", [path]) { RedirectStandardOutput = true })!;
            Assert.Equal(program.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n", reader.StandardOutput.ReadToEnd());
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            using var flock = Process.Start("flock", ["--nonblock", path, "true"]);
            flock.WaitForExit();
            Assert.NotEqual(0, flock.ExitCode);
            program.Signal("TERM");
            Assert.Equal(0, program.WaitForExit());
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_file_that_a_killed_program_left_is_no_obstacle()
    {
        File.WriteAllText(_folder.Socket + ".pid", "1\n");
        using RunningProgram program = Start();
        Assert.Contains("sharing", program.ReadErrorLine());
    }

    [Fact]
    public void A_link_in_the_place_of_the_file_is_not_followed()
    {
        string target = Path.Combine(_folder.Shared, "precious");
        File.WriteAllText(target, "kept");
        File.CreateSymbolicLink(_folder.Socket + ".pid", target);
        (int exitCode, _, string errors) = RunningProgram.Run("--shared-dir", _folder.Shared, "--socket-path", _folder.Socket);
        Assert.Equal(1, exitCode);
        Assert.Contains(".pid", errors);
        Assert.Equal("kept", File.ReadAllText(target));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("namespace")]
    public void It_waits_with_less_than_twelve_MiB_of_its_own(string sandbox)
    {
        Assert.SkipWhen(File.Exists(RunningProgram.Executable + ".dll"), "It runs in the .NET runtime here, which takes more.");
        Assert.SkipUnless(sandbox == "none" || Environment.IsPrivilegedProcess, "It takes root.");
        using RunningProgram program = Start($"--sandbox={sandbox}");
        program.ReadErrorLine();
        string[] processes = [$"{program.ProcessId}", .. File.ReadAllText($"/proc/{program.ProcessId}/task/{program.ProcessId}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        int own = processes.SelectMany(process => File.ReadLines($"/proc/{process}/smaps_rollup"))
            .Where(line => line.StartsWith("Private_", StringComparison.Ordinal))
            .Sum(line => int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
        Assert.InRange(own, 1, 12 * 1024);
    }

    private void WaitForSocket() => Assert.True(SpinWait.SpinUntil(() => File.Exists(_folder.Socket), TimeSpan.FromSeconds(30)));

    private RunningProgram Start(params string[] extra) => new(["--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, .. extra]);
}
