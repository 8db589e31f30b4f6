using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Daemon.Tests;

/// <summary>
/// What code could do that has got hold of a thread of the program: a tracer makes the program's own threads make the calls. What is expected is what the
/// table in <c>docs/jail.md</c> says: the hardest answer of the layers that are there.
/// </summary>
public sealed class EscapeTests(EscapeTracer tracer) : IClassFixture<EscapeTracer>, IDisposable
{
    // ENOSYS, of a kernel that was built without.
    private const string NoSuchCall = "-38";

    private const string Worker = "vfs1-q1", Blocking = "vfs1-block", Control = "vfs1-control";

    // What a process may do that nothing confines, whatever the machine; it shows that the attempts are real. A program that was executed could make no more.
    private static readonly string[] s_open =
    [
        "open(/etc/shadow)", "open(/proc/self/mem)", "open above the share", "make a file above the share", "ptrace of the parent", "kill of the parent",
        "pidfd_open of the parent", "process_vm_readv of the parent", "kill of all", "chroot", "socket(AF_INET)", "socket(AF_UNIX)",
    ];

    private readonly TestFolder _folder = new();
    private readonly EscapeTable _table = new();
    private Process? _bystander;

    /// <summary>--sandbox, --seccomp, --jail, and whether an ordinary user starts the program.</summary>
    public static TheoryData<string, string, string, bool> Settings
    {
        get
        {
            TheoryData<string, string, string, bool> settings = [];
            foreach (string sandbox in (string[])["namespace", "chroot", "none"])
            {
                foreach (string seccomp in (string[])["none", "log", "trap"])
                {
                    foreach (string jail in (string[])["none", "required"])
                    {
                        settings.Add(sandbox, seccomp, jail, false);
                        if (sandbox != "chroot" && (sandbox, jail) != ("none", "none") | seccomp == "trap")
                        {
                            settings.Add(sandbox, seccomp, jail, true);
                        }
                    }
                }
            }

            return settings;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        EndBystander();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void No_thread_is_let_what_its_layers_claim_to_refuse(string sandbox, string seccomp, string jail, bool asUser)
    {
        using RunningProgram program = Start(sandbox, seccomp, jail, asUser, out VirtioFsGuest guest);
        using (guest)
        {
            foreach (string thread in (string[])[Blocking, Worker, Control])
            {
                string[] layers =
                [
                    .. sandbox != "none" ? [sandbox] : Array.Empty<string>(),
                    .. jail != "none" && thread != Control ? ["--jail"] : Array.Empty<string>(),
                    .. seccomp == "trap" ? ["--seccomp"] : Array.Empty<string>(),
                ];
                Dictionary<string, string> results = Trace(program, thread, asUser, layers.Length == 0 ? "-execve" : null);
                Assert.Equal(_table.Attempts.Count(), results.Count + (layers.Length == 0 ? 1 : 0));
                IEnumerable<string> wrong = results.Where(result => !Fits(result.Key, result.Value, layers, asUser)).Select(result => $"{result.Key}: {result.Value}");
                Assert.Equal($"{thread}: ", $"{thread}: {string.Join(", ", wrong)}");
            }
        }
    }

    [Theory]
    [InlineData(Worker, false)]
    [InlineData(Worker, true)]
    [InlineData(Blocking, false)]
    [InlineData(Blocking, true)]
    public void Each_call_that_the_program_does_not_need_kills_it_where_that_is_asked_for(string thread, bool asUser)
    {
        foreach (string attempt in _table.Attempts.Where(attempt => _table.Expect(attempt, ["--seccomp"]) == EscapeTable.Ends))
        {
            RequireEnd("namespace", "kill", thread, asUser, attempt);
        }
    }

    [Theory]
    [InlineData("none", "kill", Worker)]
    [InlineData("none", "kill", Control)]
    [InlineData("none", "trap", Blocking)]
    [InlineData("chroot", "kill", Worker)]
    [InlineData("namespace", "kill", Control)]
    [InlineData("namespace", "trap", Worker)]
    [InlineData("namespace", "trap", Control)]
    public void A_call_that_the_program_does_not_need_ends_all_of_it(string sandbox, string action, string thread) =>
        RequireEnd(sandbox, action, thread, asUser: false, "io_uring_setup");

    private void RequireEnd(string sandbox, string action, string thread, bool asUser, string attempt)
    {
        using RunningProgram program = Start(sandbox, action, "required", asUser, out VirtioFsGuest guest);
        using (guest)
        {
            Assert.Equal((attempt, "killed"), (attempt, Trace(program, thread, asUser, attempt)[attempt]));
            Assert.NotEqual(0, program.WaitForExit());
        }

        File.Delete(_folder.Socket);
    }

    private bool Fits(string attempt, string result, string[] layers, bool asUser)
    {
        // EFAULT and EINVAL come from a call that looked at what it was given, and so was let; mount looks for what it was to mount.
        bool isEnd = result is "trapped" or "killed";
        bool isLet = !isEnd && (!result.StartsWith('-') || result is "-14" or "-22" || (attempt == "mount" && result == "-2"));
        if (layers.Length == 0)
        {
            return isLet || asUser || !s_open.Contains(attempt);
        }

        return _table.Expect(attempt, layers) switch
        {
            EscapeTable.Ends => isEnd,
            EscapeTable.Let => isLet || (asUser && !isEnd),
            EscapeTable.NotThere when layers.Length == 1 && !asUser => result is "-2" or "-3",
            EscapeTable.Refused when layers.Length == 1 && !asUser => result is "-1" or "-13" or NoSuchCall,
            _ => !isLet && !isEnd,
        };
    }

    private Dictionary<string, string> Trace(RunningProgram program, string thread, bool asUser, string? attempt)
    {
        string children = File.ReadAllText($"/proc/{program.ProcessId}/task/{program.ProcessId}/children").Trim();
        if (children.Length > 0)
        {
            return tracer.Trace(int.Parse(children, CultureInfo.InvariantCulture), thread, _folder.Shared, program.ProcessId, attempt);
        }

        // Who is traced cannot go on, so it must not be the process of this test.
        EndBystander();
        _bystander = asUser ? Process.Start("setpriv", [.. s_ordinary, "sleep", "600"]) : Process.Start("sleep", "600");
        return tracer.Trace(program.ProcessId, thread, _folder.Shared, _bystander.Id, attempt);
    }

    private static readonly string[] s_ordinary = ["--reuid=65534", "--regid=65534", "--clear-groups"];

    private void EndBystander()
    {
        _bystander?.Kill();
        _bystander?.Dispose();
        _bystander = null;
    }

    private RunningProgram Start(string sandbox, string seccomp, string jail, bool asUser, out VirtioFsGuest guest)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can trace a process that cannot be dumped.");
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "The tracer knows the registers of x86-64.");
        Assert.SkipWhen(File.Exists(RunningProgram.Executable + ".dll"), "The .NET runtime cannot name its threads in a sandbox; the executable that is published is machine code.");
        Assert.SkipWhen(LibvirtHost.FindProgram("cc") is null, "There is no C compiler.");
        File.WriteAllText(Path.Combine(_folder.Shared, "file"), "text");
        Array.ForEach([Path.GetDirectoryName(_folder.Shared)!, _folder.Shared, Path.Combine(_folder.Shared, "file")], path => File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111));
        string[] words =
        [
            RunningProgram.Executable, "--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, "--sandbox", sandbox, "--seccomp", seccomp, "--jail", jail,
        ];
        RunningProgram program = asUser ? RunningProgram.Through("setpriv", [.. s_ordinary, .. words]) : RunningProgram.Through(words[0], words[1..]);
        try
        {
            Assert.Contains("sharing", program.ReadErrorLine());
            guest = VirtioFsGuest.ConnectAndMount(_folder.Socket);
            Assert.Equal(0, guest.Fuse.Lookup(1, "file", out FuseEntryOut entry));
            Assert.Equal(0, guest.Fuse.Open(entry.NodeId, 2, out FuseOpenOut open));
            Assert.Equal(0, guest.Fuse.Fsync(entry.NodeId, open.Handle, dataOnly: false));
            return program;
        }
        catch
        {
            program.Dispose();
            throw;
        }
    }
}
