using System.Runtime.InteropServices;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>What code would try that has got hold of a thread. Each answers zero or more where it is let, or a negated error number.</summary>
internal static unsafe partial class EscapeAttempts
{
    private const int ReadOnly = 0, CreateForWriting = 0x41;
    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>
    /// By name: what it is, and the attempt, which is given the shared directory. None does harm where it is let: it names what is not
    /// there, or asks for what can be undone.
    /// </summary>
    internal static readonly IReadOnlyDictionary<string, Func<string, nint>> All = new Dictionary<string, Func<string, nint>>
    {
        ["open(/etc/shadow)"] = _ => Open("/etc/shadow", ReadOnly),
        ["open(/etc/passwd)"] = _ => Open("/etc/passwd", ReadOnly),
        ["open(/proc/self/mem)"] = _ => Open("/proc/self/mem", 2),
        ["open above the share"] = shared => Open(Path.GetDirectoryName(shared)!, ReadOnly),
        ["open beside the share by .."] = shared => Open(shared + "/../beside", ReadOnly),
        ["make a file above the share"] = shared => Open(Path.GetDirectoryName(shared) + "/made", CreateForWriting),
        ["rename out of the share"] = shared => Rename(shared + "/inside", Path.GetDirectoryName(shared) + "/moved"),
        ["ptrace of the parent"] = _ => Call(101, 117, 2, Parent, 0, 0),
        ["kill of the parent"] = _ => Call(62, 129, Parent, 0),
        ["kill of this process"] = _ => Call(62, 129, Environment.ProcessId, 0),
        ["tgkill of the parent"] = _ => Call(234, 131, Parent, Parent, 0),
        ["pidfd_open of the parent"] = _ => Closed(Call(434, 434, Parent, 0)),
        ["execve"] = _ => WithPath("/nowhere/program", path => Call(59, 221, path, 0, 0)),
        ["fork"] = _ => Call(56, 220, 0x10000, 0, 0, 0, 0),
        ["mount"] = _ => WithPath("/nowhere", path => Call(165, 40, path, path, 0, 0x1000, 0)),
        ["umount"] = _ => WithPath("/nowhere", path => Call(166, 39, path, 0)),
        ["pivot_root"] = _ => WithPath("/nowhere", path => Call(155, 41, path, path)),
        ["chroot"] = _ => WithPath("/nowhere", path => Call(161, 51, path)),
        ["chdir"] = _ => WithPath("/nowhere", path => Call(80, 49, path)),
        ["socket(AF_INET)"] = _ => Closed(Call(41, 198, 2, 1, 0)),
        ["socket(AF_UNIX)"] = _ => Closed(Call(41, 198, 1, 1, 0)),
        ["process_vm_readv of the parent"] = _ => Call(310, 270, Parent, 0, 0, 0, 0, 0),
        ["bpf"] = _ => Call(321, 280, 0, 0, 0),
        ["perf_event_open"] = _ => Call(298, 241, 0, 0, 0, -1, 0),
        ["io_uring_setup"] = _ => Call(425, 425, 0, 0),
        ["userfaultfd"] = _ => Closed(Call(323, 282, 1)),
        ["memfd_create"] = _ => WithPath("escape", path => Closed(Call(319, 279, path, 0))),
        ["keyctl"] = _ => Call(250, 219, 0, -3, 0),
        ["unshare"] = _ => Call(272, 97, 0),
        ["setns"] = _ => Call(308, 268, -1, 0),
        ["init_module"] = _ => Call(175, 105, 0, 0, 0),
        ["reboot"] = _ => Call(169, 142, 0, 0, 0),
        ["setrlimit"] = _ => SetLimit(),
        ["setpriority"] = _ => Call(141, 140, 0, 0, 0),
        ["ioctl(TIOCSTI)"] = _ => Call(16, 29, 0, 0x5412, 0),
        ["fcntl(F_SETOWN)"] = _ => Call(72, 25, 0, 8, 0),
        ["prctl(PR_SET_DUMPABLE)"] = _ => Call(157, 167, 4, 1),
        ["landlock_restrict_self"] = _ => Call(446, 446, -1, 0),
        ["remove a file above the share"] = shared => Unlink(Path.GetDirectoryName(shared) + "/beside"),
        ["seccomp"] = _ => Call(317, 277, 9, 0, 0),
    };

    /// <summary>Attempts that an ordinary user's process is refused in any case, or that name what is not there.</summary>
    internal static readonly IReadOnlyList<string> LetOutside =
    [
        "open(/etc/passwd)", "open above the share", "kill of this process", "socket(AF_INET)", "socket(AF_UNIX)", "memfd_create", "unshare", "setrlimit",
    ];

    private static int Parent { get; } = int.Parse(File.ReadAllText("/proc/self/stat").Split(')')[^1].Split(' ')[2], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Makes all attempts on the calling thread.</summary>
    internal static Dictionary<string, int> Make(string shared) => All.ToDictionary(attempt => attempt.Key, attempt => (int)attempt.Value(shared));

    private static nint Open(string path, int flags) =>
        WithPath(path, name => Closed(Call(257, 56, -100, name, flags | 0x80000, 0x180)));

    private static nint Unlink(string path) => WithPath(path, name => Call(263, 35, -100, name, 0));

    private static nint Rename(string source, string target) =>
        WithPath(source, from => WithPath(target, to => Call(316, 276, -100, from, -100, to, 0)));

    private static nint SetLimit()
    {
        // RLIMIT_CORE as it is.
        ulong* limit = stackalloc ulong[2];
        nint result = Call(302, 261, 0, 4, 0, (nint)limit);
        return result < 0 ? result : Call(302, 261, 0, 4, (nint)limit, 0);
    }

    private static nint Closed(nint descriptor)
    {
        FileDescriptor.Close((int)descriptor);
        return descriptor;
    }

    private static nint WithPath(string path, Func<nint, nint> call)
    {
        nint name = Marshal.StringToCoTaskMemUTF8(path);
        try
        {
            return call(name);
        }
        finally
        {
            Marshal.FreeCoTaskMem(name);
        }
    }

    private static nint Call(int x64, int arm64, nint a = 0, nint b = 0, nint c = 0, nint d = 0, nint e = 0, nint f = 0)
    {
        nint result = SystemCall(Arm ? arm64 : x64, a, b, c, d, e, f);
        return result < 0 ? -Marshal.GetLastSystemError() : result;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);
}
