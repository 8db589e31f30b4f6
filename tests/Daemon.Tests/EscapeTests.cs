using System.Diagnostics;
using System.Runtime.InteropServices;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Daemon.Tests;

/// <summary>
/// What code could do that has got hold of a thread of the program: a tracer makes the program's own threads make the calls (<c>escape.c</c>), under each
/// layer alone and under all. <c>docs/jail.md</c> has the table.
/// </summary>
public sealed class EscapeTests : IDisposable
{
    private const string Worker = "vfs1-q1", Blocking = "vfs1-block", Control = "vfs1-control";
    private const int Count = 24;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // What needs no right and no name, only a kernel that has it: a filter alone refuses it.
    private const string Bare = "setns,socket(AF_INET),socket(AF_UNIX),bpf,perf_event_open,io_uring_setup,userfaultfd,keyctl";

    /// <summary>Options, the thread, and what is let there.</summary>
    public static TheoryData<string, string, string> Layers => new()
    {
        { "--sandbox=namespace", Worker, string.Empty },
        { "--sandbox=namespace --seccomp=none", Worker, string.Empty },
        { "--sandbox=namespace --seccomp=log", Worker, string.Empty },
        { "--sandbox=namespace", Blocking, string.Empty },
        { "--sandbox=chroot", Worker, string.Empty },
        { "--sandbox=none --jail=required", Worker, string.Empty },
        { "--sandbox=namespace --jail=none", Worker, Bare },
        { "--sandbox=namespace --jail=none --seccomp=log", Worker, Bare },
        { "--sandbox=namespace", Control, Bare },
        { "--sandbox=chroot --jail=none", Worker, $"kill of the parent,pidfd_open of the parent,kill of all,chroot,{Bare}" },
    };

    [Theory]
    [MemberData(nameof(Layers))]
    public void A_thread_is_let_nothing_that_its_layers_claim_to_refuse(string options, string thread, string let) => Expect(options, thread, let, asUser: false);

    [Fact]
    public void An_ordinary_users_threads_are_let_nothing_either() => Expect("--sandbox=namespace", Worker, string.Empty, asUser: true);

    [Theory]
    [InlineData("kill", Worker, "execve")]
    [InlineData("kill", Worker, "mount")]
    [InlineData("kill", Worker, "ptrace of the parent")]
    [InlineData("kill", Worker, "kill of the parent")]
    [InlineData("kill", Worker, "process_vm_readv of the parent")]
    [InlineData("kill", Worker, "socket(AF_INET)")]
    [InlineData("kill", Worker, "unshare")]
    [InlineData("kill", Control, "io_uring_setup")]
    [InlineData("kill", Control, "bpf")]
    [InlineData("trap", Worker, "execve")]
    [InlineData("trap", Control, "pivot_root")]
    public void A_call_that_the_program_does_not_need_ends_it_where_that_is_asked_for(string action, string thread, string attempt)
    {
        foreach (string sandbox in (string[])["namespace", "none"])
        {
            Assert.Equal("killed", Attempt($"--sandbox={sandbox} --seccomp={action}", thread, asUser: false, attempt)[attempt]);
            File.Delete(_folder.Socket);
        }
    }

    private void Expect(string options, string thread, string let, bool asUser)
    {
        Dictionary<string, string> results = Attempt(options, thread, asUser);
        Assert.Equal(Count, results.Count);
        Assert.Equal(let, string.Join(',', results.Where(result => IsLet(result.Value)).Select(result => result.Key)));
    }

    // EFAULT and EINVAL come from a call that looked at what it was given, and so was let.
    private static bool IsLet(string result) => !result.StartsWith('-') || result is "-14" or "-22";

    private Dictionary<string, string> Attempt(string options, string thread, bool asUser, string? attempt = null)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can trace a process that cannot be dumped.");
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "The tracer knows the registers of x86-64.");
        Assert.SkipWhen(File.Exists(RunningProgram.Executable + ".dll"), "The .NET runtime cannot name its threads in a sandbox; the executable that is published is machine code.");
        Assert.SkipWhen(LibvirtHost.FindProgram("cc") is null, "There is no C compiler.");
        string tracer = BuildTracer();
        string outside = Path.GetDirectoryName(_folder.Shared)!;
        Array.ForEach([outside, _folder.Shared], path => File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111));
        string[] words = [RunningProgram.Executable, "--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, .. options.Split(' ')];
        using RunningProgram program = asUser
            ? RunningProgram.Through("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", .. words])
            : RunningProgram.Through(words[0], words[1..]);
        Assert.Contains("sharing", program.ReadErrorLine());
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(_folder.Socket);
        if (thread == Blocking)
        {
            Assert.Equal(0, guest.Fuse.Lookup(1, "escape.c", out FuseEntryOut entry));
            Assert.Equal(0, guest.Fuse.Open(entry.NodeId, 2, out FuseOpenOut open));
            Assert.Equal(0, guest.Fuse.Fsync(entry.NodeId, open.Handle, dataOnly: false));
        }

        string children = File.ReadAllText($"/proc/{program.ProcessId}/task/{program.ProcessId}/children").Trim();
        (string target, string parent) = children.Length > 0 ? (children, $"{program.ProcessId}") : ($"{program.ProcessId}", $"{Environment.ProcessId}");
        return Trace(tracer, target, thread, parent, attempt);
    }

    private Dictionary<string, string> Trace(string tracer, string target, string thread, string parent, string? attempt)
    {
        ProcessStartInfo start = new(tracer, [target, thread, _folder.Shared, parent, .. attempt is null ? Array.Empty<string>() : [attempt]])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).ToDictionary(parts => parts[0], parts => parts[1]);
    }

    private string BuildTracer()
    {
        string source = Path.Combine(_folder.Shared, "escape.c");
        string program = Path.ChangeExtension(source, null);
        using (Stream text = typeof(EscapeTests).Assembly.GetManifestResourceStream("escape.c")!)
        using (FileStream file = File.Create(source))
        {
            text.CopyTo(file);
        }

        using var compiler = Process.Start(new ProcessStartInfo("cc", ["-O1", "-o", program, source]) { RedirectStandardError = true })!;
        string errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        Assert.True(compiler.ExitCode == 0, errors);
        return program;
    }
}
