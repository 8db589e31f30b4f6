using System.Globalization;
using VirtioFs.Frontend;

namespace VirtioFs.Daemon.Tests;

/// <summary>What holds of the process in its sandbox, as the host's kernel tells it.</summary>
public sealed class SandboxTests : IDisposable
{
    private const ulong Needed = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 27 | 1UL << 31;
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_share_is_all_that_the_process_sees()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Namespaces without users of their own take root.");
        File.WriteAllText(Path.Combine(_folder.Shared, "mine"), "");
        using RunningProgram program = Start("--sandbox=namespace");
        Assert.Contains("sandbox: namespace", program.ReadErrorLine());
        string inside = Inside(program);
        Assert.Equal(["mine"], Directory.EnumerateFileSystemEntries($"{inside}/root").Select(Path.GetFileName));
        Assert.Equal("mine\n", List($"{inside}/root/.."));
        Assert.Equal(["mine"], Directory.EnumerateFileSystemEntries($"{inside}/cwd").Select(Path.GetFileName));
        Assert.Single(File.ReadLines($"{inside}/mountinfo"));
        Assert.All((string[])["mnt", "pid", "net", "ipc", "uts"], kind =>
            Assert.NotEqual(File.ResolveLinkTarget($"/proc/self/ns/{kind}", false)!.Name, File.ResolveLinkTarget($"{inside}/ns/{kind}", false)!.Name));
    }

    [Fact]
    public void No_thread_can_ever_have_more_rights_than_serving_files_takes()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has rights to give up.");
        using RunningProgram program = Start("--sandbox=namespace");
        program.ReadErrorLine();
        using VirtioFsGuest guest = VirtioFsGuest.Connect(_folder.Socket);
        program.ReadErrorLine();
        foreach (string thread in Directory.EnumerateDirectories($"{Inside(program)}/task"))
        {
            Assert.Equal(0UL, ReadSet(thread, "CapBnd") & ~Needed);
            Assert.Equal(0UL, ReadSet(thread, "CapPrm") & ~Needed);
            Assert.Equal("1", ReadStatus(thread, "NoNewPrivs"));
            Assert.Equal(0UL, ReadSet(thread, "CapInh"));
        }
    }

    [Fact]
    public void Capabilities_are_given_and_taken_by_name()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has rights to give.");
        using RunningProgram program = Start("--sandbox=namespace", "--modcaps=+sys_admin:-mknod");
        program.ReadErrorLine();
        ulong bounding = ReadSet(Inside(program), "CapBnd");
        Assert.Equal((1UL << 21, 0UL), (bounding & 1UL << 21, bounding & 1UL << 27));
    }

    [Theory]
    [InlineData("namespace")]
    [InlineData("chroot")]
    public void Guests_come_and_go_and_a_signal_ends_both_processes(string mode)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "It takes root.");
        File.WriteAllText(Path.Combine(_folder.Shared, "mine"), "");
        using RunningProgram program = Start($"--sandbox={mode}");
        Assert.Contains($"sandbox: {mode}", program.ReadErrorLine());
        string inside = Inside(program);
        Assert.Equal(["mine"], Directory.EnumerateFileSystemEntries($"{inside}/root").Select(Path.GetFileName));
        for (int visit = 0; visit < 2; visit++)
        {
            using (VirtioFsGuest guest = VirtioFsGuest.Connect(_folder.Socket))
            {
                Assert.Contains("is connected", program.ReadErrorLine());
            }

            Assert.Contains("waiting for the next", program.ReadErrorLine());
        }

        program.Signal("TERM");
        Assert.Equal(0, program.WaitForExit());
        Assert.False(Directory.Exists(inside));
        Assert.False(File.Exists(_folder.Socket));
        Assert.False(File.Exists(_folder.Socket + ".pid"));
    }

    [Fact]
    public void Who_kills_the_parent_kills_the_process_in_the_sandbox()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "It takes root.");
        using RunningProgram program = Start("--sandbox=namespace");
        program.ReadErrorLine();
        string inside = Inside(program);
        program.Signal("KILL");
        program.WaitForExit();
        Assert.True(SpinWait.SpinUntil(() => !Directory.Exists(inside), TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void A_single_file_is_alone_in_its_sandbox()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "It takes root.");
        string file = Path.Combine(_folder.Shared, "notes");
        File.WriteAllText(file, "text");
        File.WriteAllText(Path.Combine(_folder.Shared, "other"), "");
        using RunningProgram program = new("--shared-dir", file, "--socket-path", _folder.Socket, "--sandbox=namespace");
        Assert.Contains("/notes'", program.ReadErrorLine());
        Assert.Equal(["notes"], Directory.EnumerateFileSystemEntries($"{Inside(program)}/root").Select(Path.GetFileName));
    }

    [Fact]
    public void Ids_are_mapped_by_the_kernel()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may map any ids.");
        File.SetUnixFileMode(Path.GetDirectoryName(_folder.Shared)!, (UnixFileMode)0b111_101_101);
        using RunningProgram program = Start("--sandbox=namespace", "--uid-map=:0:100000:65536:", "--gid-map=:0:100000:65536:");
        Assert.Contains("users", program.ReadErrorLine());
        string inside = Inside(program);
        Assert.Equal(["0", "100000", "65536"], File.ReadAllText($"{inside}/uid_map").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("100000", ReadStatus(inside, "Uid").Split('\t')[0]);
        using VirtioFsGuest guest = VirtioFsGuest.Connect(_folder.Socket);
        Assert.Contains("is connected", program.ReadErrorLine());
    }

    [Fact]
    public void An_ordinary_user_has_namespaces_and_no_capability()
    {
        Assert.SkipUnless(!Environment.IsPrivilegedProcess || Program("setpriv") is not null, "setpriv is not installed.");
        string outside = Path.GetDirectoryName(_folder.Shared)!;
        Array.ForEach([outside, _folder.Shared], path => File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111));
        string[] words = [RunningProgram.Executable, "--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, "--sandbox=namespace"];
        using RunningProgram program = Environment.IsPrivilegedProcess
            ? RunningProgram.Through("setpriv", ["--reuid=1000", "--regid=1000", "--clear-groups", .. words])
            : RunningProgram.Through(words[0], words[1..]);
        string line = program.ReadErrorLine();
        Assert.SkipWhen(line.Contains("does not allow it", StringComparison.Ordinal), line);
        Assert.Contains("users of its own", line);
        Assert.Contains("no capabilities", line);
        string inside = Inside(program);
        Assert.Equal((0UL, 0UL), (ReadSet(inside, "CapBnd"), ReadSet(inside, "CapPrm")));
        Assert.Single(File.ReadLines($"{inside}/mountinfo"));
        using VirtioFsGuest guest = VirtioFsGuest.Connect(_folder.Socket);
        Assert.Contains("is connected", program.ReadErrorLine());
    }

    [Fact]
    public void No_descriptor_leads_out_of_the_share()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "It takes root.");
        using RunningProgram program = Start("--sandbox=namespace");
        program.ReadErrorLine();
        string inside = Inside(program);
        string own = $"/{Path.GetFileName(inside)}/fd";
        foreach (string descriptor in Directory.EnumerateFileSystemEntries($"{inside}/fd").Where(Directory.Exists))
        {
            string target = new FileInfo(descriptor).LinkTarget!;
            Assert.True(target == "/" || target.EndsWith(own, StringComparison.Ordinal), target);
            Assert.Equal(List($"{descriptor}/."), List($"{descriptor}/.."));
        }
    }

    // .NET would take ".." away before the kernel sees it.
    private static string List(string path)
    {
        using var list = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("ls", ["-A", path]) { RedirectStandardOutput = true })!;
        string text = list.StandardOutput.ReadToEnd();
        list.WaitForExit();
        return text;
    }

    private static string? Program(string name) => LibvirtHost.FindProgram(name);

    private static string Inside(RunningProgram program)
    {
        string children = File.ReadAllText($"/proc/{program.ProcessId}/task/{program.ProcessId}/children");
        return $"/proc/{Assert.Single(children.Split(' ', StringSplitOptions.RemoveEmptyEntries))}";
    }

    private static string ReadStatus(string process, string name) =>
        File.ReadLines($"{process}/status").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim();

    private static ulong ReadSet(string process, string name) => ulong.Parse(ReadStatus(process, name), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private RunningProgram Start(params string[] extra) => new(["--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, .. extra]);
}
