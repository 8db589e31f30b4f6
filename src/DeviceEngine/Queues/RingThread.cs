using VirtioFs.DeviceEngine.Rings;
using VirtioFs.DeviceEngine.Threads;
using VirtioFs.Fuse.Server;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// A thread that serves a ring. While it is stuck in a host call another one takes the ring over; then it finishes its request by itself, and
/// stands in for the next one that is stuck.
/// </summary>
internal sealed class RingThread : ICallOwner
{
    private const int StackSize = 512 * 1024;

    private readonly ServingThreads _home;
    private readonly Thread _thread;
    private volatile QueueWorker? _worker;
    private volatile ThreadProbe? _probe;

    internal RingThread(ServingThreads home, string name, QueueWorker? worker)
    {
        (_home, _worker) = (home, worker);
        Mark = new CallMark(this);
        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = name };
    }

    internal CallMark Mark { get; }

    /// <summary>The request that the thread is in, or the memory for its next one.</summary>
    internal RequestChain Chain { get; set; } = new();

    /// <summary>The ring that it is to serve; null while it has none. <see cref="ServingThreads"/> sets it under its lock.</summary>
    internal QueueWorker? Worker
    {
        get => _worker;
        set => _worker = value;
    }

    /// <summary>Whether the thread is kept for a ring that it will be given.</summary>
    internal bool IsReserved { get; set; }

    /// <summary>Whether the thread has ended, or is about to.</summary>
    internal bool IsGone { get; set; }

    /// <summary>Whether the thread ended as the last one of its ring; any other was one more than there are rings.</summary>
    internal bool EndedWithRing { get; set; }

    /// <summary>Whether the thread works or waits for a processor, and not for something else.</summary>
    internal bool IsRunnable => _probe?.IsRunnable == true;

    internal void Start() => ThreadStarter.Start(_thread);

    internal bool TryJoin(TimeSpan patience) => _thread.Join(patience);

    public bool TryLeaveBehind(long sequence, TimeSpan inside)
    {
        QueueWorker? worker = _worker;
        return worker is not null && worker.TryHandOver(this, sequence, inside);
    }

    private void Run()
    {
        try
        {
            using ThreadProbe probe = _probe = ThreadProbe.OfCaller();
            using FuseWorker fuse = _home.Server.CreateWorker();
            CallWatch.Add(Mark);
            bool goesOn = true;
            while (goesOn)
            {
                QueueWorker? worker = _worker;
                if (worker is null)
                {
                    goesOn = _home.TryAwaitRing(this);
                    continue;
                }

                goesOn = worker.Serve(this, fuse);
                _worker = null;
            }
        }
#pragma warning disable CA1031 // The last resort of this thread: a fault ends the share, never the process.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            _home.Fail($"A thread that serves rings failed: {fault.Message}");
        }
        finally
        {
            CallWatch.Remove(Mark);
            _home.NoteEnd(this);
        }
    }
}
