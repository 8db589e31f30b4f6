namespace VirtioFs.Linux;

/// <summary>What becomes of a process that makes a system call which its <see cref="ProcessFilter"/> does not allow.</summary>
public enum ProcessFilterAction
{
    /// <summary>It ends at once, as by SIGSYS that cannot be handled (<c>SECCOMP_RET_KILL_PROCESS</c>).</summary>
    Kill,

    /// <summary>The thread gets SIGSYS, which ends a process that does not handle it and leaves a core file (<c>SECCOMP_RET_TRAP</c>).</summary>
    Trap,

    /// <summary>The call is made, and written to the kernel's log (<c>SECCOMP_RET_LOG</c>).</summary>
    Log,
}
