namespace VirtioFs.Fuse.Server;

/// <summary>What became of a request that a worker was given.</summary>
public enum FuseOutcome
{
    /// <summary>It is done; the answer, possibly of zero bytes, lies in the reply pieces.</summary>
    Answered,

    /// <summary>Nothing happened yet: it would block for a while (a cold read, fsync). Give it again with blocking allowed.</summary>
    WouldBlock,

    /// <summary>Nothing happened yet: it would wait for somebody else without limit (a lock). Give it again on a thread of its own.</summary>
    WouldWait,

    /// <summary>As <see cref="WouldWait"/>, and <see cref="FuseServer.WaitersMayProceed"/> says when it may get further, so nobody has to look now and then.</summary>
    WouldWaitForRelease,
}
