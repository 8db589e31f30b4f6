namespace VirtioFs.Fuse.Operations;

/// <summary>How long whoever gives a request to a <c>FuseWorker</c> can do without the thread.</summary>
public enum Patience
{
    /// <summary>Not at all: other requests wait behind this one.</summary>
    None,

    /// <summary>For one access of a disk: nothing waits now, but what comes next would.</summary>
    Brief,

    /// <summary>As long as it takes: the thread is there for that.</summary>
    Long,
}
