using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>
/// The filter of system calls for threads that answer a guest: what the engine calls on them, and what the C library and the .NET runtime
/// do on any thread. The rest answers EPERM, and what the C library only tries, ENOSYS. Nothing is killed: the process may be somebody's shell.
/// </summary>
internal static unsafe class SystemCallFilter
{
    private const uint FirstUnknownNumber = 463, FirstOfOtherTable = 0x40000000;

    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly int SeccompNumber = Arm ? 277 : 317;
    private static readonly FilterInstruction[] s_code = Write();

    // The request path's own come first. Numbers are those of x86-64 and arm64; -1 where there is no such call.
    // preadv2 pwritev2 statx newfstatat openat close futex ppoll poll write read setresuid setresgid capset fstat getdents64 openat2
    // open_by_handle_at name_to_handle_at getxattr
    private static (int X64, int Arm64)[] Frequent =>
    [
        (327, 286), (328, 287), (332, 291), (262, 79), (257, 56), (3, 57), (202, 98), (271, 73), (7, -1), (1, 64), (0, 63), (117, 147),
        (119, 149), (126, 91), (5, 80), (217, 61), (437, 437), (304, 265), (303, 264), (191, 8),
    ];

    // pread64 pwrite64 readv writev preadv pwritev lseek fsync fdatasync syncfs ftruncate fallocate copy_file_range flock statfs fstatfs
    // mkdirat mknodat symlinkat linkat unlinkat renameat renameat2 readlinkat fchmodat fchmodat2 fchmod fchownat fchown utimensat
    // faccessat faccessat2 setxattr listxattr removexattr lgetxattr lsetxattr llistxattr lremovexattr fgetxattr fsetxattr flistxattr
    // fremovexattr fadvise64 readahead dup shutdown eventfd2, and on x86-64 alone: open stat lstat access readlink
    private static (int X64, int Arm64)[] OnFiles =>
    [
        (17, 67), (18, 68), (19, 65), (20, 66), (295, 69), (296, 70), (8, 62), (74, 82), (75, 83), (306, 267), (77, 46), (285, 47),
        (326, 285), (73, 32), (137, 43), (138, 44), (258, 34), (259, 33), (266, 36), (265, 37), (263, 35), (264, 38), (316, 276),
        (267, 78), (268, 53), (452, 452), (91, 52), (260, 54), (93, 55), (280, 88), (269, 48), (439, 439), (188, 5), (194, 11), (197, 14),
        (192, 9), (189, 6), (195, 12), (198, 15), (193, 10), (190, 7), (196, 13), (199, 16), (221, 223), (187, 213), (32, 23), (48, 210),
        (290, 19), (2, -1), (4, -1), (6, -1), (21, -1), (89, -1),
    ];

    // umask setgroups getgroups capget getuid geteuid getgid getegid getresuid getresgid
    private static (int X64, int Arm64)[] OnCredentials =>
        [(95, 166), (116, 159), (115, 158), (125, 90), (102, 174), (107, 175), (104, 176), (108, 177), (118, 148), (120, 150)];

    // mmap munmap mprotect madvise mremap mincore msync brk mlock munlock rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack
    // sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min nanosleep
    // clock_nanosleep clock_gettime clock_getres gettimeofday getrandom getpid gettid getcpu getcwd getrlimit getrusage sysinfo uname
    // membarrier rseq set_robust_list restart_syscall pipe2 exit exit_group, and on x86-64 alone: arch_prctl time
    private static (int X64, int Arm64)[] OfRuntime =>
    [
        (9, 222), (11, 215), (10, 226), (28, 233), (25, 216), (27, 232), (26, 227), (12, 214), (149, 228), (150, 229), (13, 134), (14, 135),
        (15, 139), (131, 132), (24, 124), (204, 123), (143, 121), (145, 120), (146, 125), (147, 126), (35, 101), (230, 115), (228, 113),
        (229, 114), (96, 169), (318, 278), (39, 172), (186, 178), (309, 168), (79, 17), (97, 163), (98, 165), (99, 179), (63, 160),
        (324, 283), (334, 293), (273, 99), (219, 128), (293, 59), (60, 93), (231, 94), (158, -1), (201, -1),
    ];

    /// <summary>
    /// Binds the calling thread, and those that it will make, for good. It must have no new privileges, or CAP_SYS_ADMIN. Zero, or a negated
    /// error number.
    /// </summary>
    internal static int Install() => Install(s_code, 0);

    /// <summary>Puts a filter around the calling thread, with <c>SECCOMP_FILTER_FLAG_…</c>.</summary>
    internal static int Install(FilterInstruction[] filter, int flags)
    {
        // Without SPEC_ALLOW older kernels make each indirect branch of the thread slower, which is no part of what is wanted here.
        const int SetFilter = 1, SpeculationAllowed = 4;
        fixed (FilterInstruction* code = filter)
        {
            Program program = new() { Length = (ushort)filter.Length, Code = (nint)code };
            int result = (int)LibC.SystemCall(SeccompNumber, SetFilter, flags | SpeculationAllowed, (nint)(&program));
            return result == -Errno.EINVAL ? (int)LibC.SystemCall(SeccompNumber, SetFilter, flags, (nint)(&program)) : result;
        }
    }

    /// <summary>Begins a filter, for this machine's own table of calls.</summary>
    internal static void Begin(FilterProgram program)
    {
        const uint Amd64 = 0xC000003E, Arm64 = 0xC00000B7;
        program.Begin(Arm ? Arm64 : Amd64);
        program.RefuseFrom(FirstOfOtherTable, Errno.ENOSYS);
    }

    /// <summary>Allows what needs no look at its arguments.</summary>
    internal static void AllowCommon(FilterProgram program)
    {
        AllowAll(program, Frequent);
        AllowAll(program, OnFiles);
        AllowAll(program, OnCredentials);
        AllowAll(program, OfRuntime);
    }

    /// <summary>Ends a filter. What a newer kernel may know is not there, so that a C library that tries it goes on without.</summary>
    internal static void End(FilterProgram program)
    {
        program.RefuseFrom(FirstUnknownNumber, Errno.ENOSYS);
        program.End();
    }

    private static FilterInstruction[] Write()
    {
        FilterProgram program = new(FilterProgram.RefuseWith | (uint)Errno.EPERM);
        Begin(program);
        AllowCommon(program);
        program.AllowWhereOneOf(Arm ? 25 : 72, 1, SystemCallArguments.FileControls);
        program.AllowWhereOneOf(Arm ? 29 : 16, 1, SystemCallArguments.DeviceControls);
        program.AllowWhereOneOf(Arm ? 167 : 157, 0, SystemCallArguments.ThreadControls);

        // sendto to whom a socket is connected.
        program.AllowWhereNull(Arm ? 206 : 44, 4);
        AllowSome(program);
        End(program);
        return program.Code.ToArray();
    }

    internal static void AllowAll(FilterProgram program, (int X64, int Arm64)[] numbers)
    {
        foreach ((int x64, int arm64) in numbers)
        {
            int number = Arm ? arm64 : x64;
            if (number >= 0)
            {
                program.AllowCall(number);
            }
        }
    }

    /// <summary>Allows what is let with some arguments only, on threads that answer a guest and on all others.</summary>
    internal static void AllowSome(FilterProgram program)
    {
        uint self = (uint)Environment.ProcessId;

        // prlimit64 that only asks.
        program.AllowWhereNull(Arm ? 261 : 302, 2);

        // Signals, and copies of memory that may be gone (GuardedMemory): tgkill, process_vm_readv, process_vm_writev of this process alone.
        program.AllowWhereOneOf(Arm ? 131 : 234, 0, self);
        program.AllowWhereOneOf(Arm ? 270 : 310, 0, self);
        program.AllowWhereOneOf(Arm ? 271 : 311, 0, self);

        // A new thread sets its own affinity to that of the process: sched_setaffinity.
        program.AllowWhereOneOf(Arm ? 122 : 203, 0, 0);

        // Threads, in no namespace of their own, but no processes. clone3 has its flags in memory; the C library falls back to clone.
        program.AllowWhereMasked(Arm ? 220 : 56, 0, SystemCallArguments.CloneMask, SystemCallArguments.CloneThread);
        program.RefuseCall(435, Errno.ENOSYS);
    }

    /// <summary><c>struct sock_fprog</c> (<c>linux/filter.h</c>).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        public ushort Length;
        public nint Code;
    }
}
