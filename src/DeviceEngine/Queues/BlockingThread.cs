using VirtioFs.DeviceEngine.Threads;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>One of a share's threads for requests that block. When it does not come back from one, it is replaced.</summary>
internal sealed class BlockingThread : ICallOwner
{
    private const int StackSize = 512 * 1024;

    // What takes longer is not slow, it hangs.
    private static readonly TimeSpan s_stuck = TimeSpan.FromSeconds(1);

    private readonly DeferredRequests _home;
    private readonly Thread _thread;

    internal BlockingThread(DeferredRequests home, string name)
    {
        _home = home;
        Mark = new CallMark(this);
        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = name };
    }

    internal CallMark Mark { get; }

    /// <summary>Whether it is counted as stuck. <see cref="DeferredRequests"/> keeps it under its lock.</summary>
    internal bool IsStuck { get; set; }

    internal void Start() => ThreadStarter.Start(_thread);

    internal bool TryJoin(TimeSpan patience) => _thread.Join(patience);

    public bool TryLeaveBehind(long sequence, TimeSpan inside) => inside >= s_stuck && _home.TryReplace(this, sequence);

    private void Run() => _home.Work(this);
}
