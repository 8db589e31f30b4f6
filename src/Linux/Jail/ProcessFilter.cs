using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>
/// A filter of system calls for a whole process that does nothing but share directories: what its threads call that answer a guest, and what its others do to
/// talk with front ends, to make threads and to confine them. It lies around the filters of single threads (<see cref="ThreadJail"/>), and of two
/// answers the kernel takes the harder one.
/// </summary>
public static class ProcessFilter
{
    private const int AllThreads = 1;

    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    // socket connect bind listen accept accept4 getsockname getpeername setsockopt getsockopt socketpair sendmsg sendto recvmsg recvfrom;
    // of socket(2) more below.
    private static (int X64, int Arm64)[] OnSockets =>
    [
        (42, 203), (49, 200), (50, 201), (43, 202), (288, 242), (51, 204), (52, 205), (54, 208), (55, 209), (53, 199), (46, 211), (44, 206),
        (47, 212), (45, 207),
    ];

    // fchdir chdir dup3 epoll_create1 epoll_ctl epoll_pwait pselect6 getppid waitid wait4 sched_setaffinity mbind get_mempolicy memfd_create
    // seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self close_range mlock2 rt_sigtimedwait rt_sigpending getpgid getsid
    // setsid, and on x86-64 alone: epoll_wait dup2 pipe select getdents mkdir rmdir rename unlink link symlink chmod chown getpgrp
    private static (int X64, int Arm64)[] OfProgram =>
    [
        (81, 50), (80, 49), (292, 24), (291, 20), (233, 21), (281, 22), (270, 72), (110, 173), (247, 95), (61, 260), (203, 122), (237, 235),
        (239, 236), (319, 279), (317, 277), (444, 444), (445, 445), (446, 446), (436, 436), (325, 284), (128, 137), (127, 136), (121, 155),
        (124, 156), (232, -1), (33, -1), (22, -1), (23, -1), (78, -1), (83, -1), (84, -1), (82, -1), (87, -1), (86, -1), (88, -1), (90, -1),
        (92, -1), (111, -1),
    ];

    // F_GETLK, F_SETLK, F_SETLKW, F_GETPIPE_SZ
    private static ReadOnlySpan<uint> MoreFileControls => [5, 6, 7, 1032];

    // TCGETS, TCSETS, TIOCGPGRP, TIOCGWINSZ, FIONBIO, FIOCLEX, SIOCUNIXFILE
    private static ReadOnlySpan<uint> MoreDeviceControls => [0x5401, 0x5402, 0x540F, 0x5413, 0x5421, 0x5451, 0x89E0];

    // PR_GET_KEEPCAPS, PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT
    private static ReadOnlySpan<uint> MoreThreadControls => [7, 8, 24, 38, 47];

    /// <summary>Binds every thread of the process for good, and all that it will ever make. No thread may have a filter of its own yet.</summary>
    /// <exception cref="LinuxException">The kernel, or what confines the process, does not allow it.</exception>
    public static void Install(ProcessFilterAction action)
    {
        const int SetNoNewPrivileges = 38;
        uint otherwise = action switch
        {
            ProcessFilterAction.Kill => 0x80000000,
            ProcessFilterAction.Trap => 0x00030000,
            ProcessFilterAction.Log => 0x7FFC0000,
            _ => throw new ArgumentOutOfRangeException(nameof(action)),
        };
        _ = LinuxException.Check(LibC.Result(LibC.prctl(SetNoNewPrivileges, 1, 0, 0, 0)), "Giving up new privileges failed");
        int result = SystemCallFilter.Install(Write(otherwise), AllThreads);
        if (result > 0)
        {
            throw new LinuxException("A thread has a filter of its own already", Errno.EBUSY);
        }

        _ = LinuxException.Check(result, "Filtering the process's system calls failed");
    }

    private static FilterInstruction[] Write(uint otherwise)
    {
        const uint CloneFs = 0x200, Unix = 1, NetLink = 16;
        FilterProgram program = new(otherwise);
        SystemCallFilter.Begin(program);
        SystemCallFilter.AllowCommon(program);
        SystemCallFilter.AllowAll(program, OnSockets);
        SystemCallFilter.AllowAll(program, OfProgram);
        program.AllowWhereOneOf(Arm ? 198 : 41, 0, Unix, NetLink);
        program.AllowWhereOneOf(Arm ? 97 : 272, 0, CloneFs);
        program.AllowWhereOneOf(Arm ? 25 : 72, 1, [.. SystemCallArguments.FileControls, .. MoreFileControls]);
        program.AllowWhereOneOf(Arm ? 29 : 16, 1, [.. SystemCallArguments.DeviceControls, .. MoreDeviceControls]);
        program.AllowWhereOneOf(Arm ? 167 : 157, 0, [.. SystemCallArguments.ThreadControls, .. MoreThreadControls]);

        // sched_setscheduler to the ordinary policy: the runtime does it for threads that compile.
        program.AllowWhereOneOf(Arm ? 119 : 144, 1, 0);
        SystemCallFilter.AllowSome(program);
        SystemCallFilter.End(program);
        return program.Code.ToArray();
    }
}
