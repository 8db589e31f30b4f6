using VirtioFs.DeviceEngine.Quotas;
using VirtioFs.Fuse.Server;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// A share's threads that serve rings: one for each ring, and those that stand in for threads that are stuck in host calls. Stand-ins come
/// when they are needed, up to a limit of the share's and the process's, and go after a while without work.
/// </summary>
internal sealed class ServingThreads(FuseServer server, Action<string> fail, string standInName)
{
    private const int LingerMilliseconds = 2000;

    private readonly object _gate = new();
    private readonly Quota _standIns = RequestQuotas.CreateStandIns();
    private readonly List<RingThread> _all = [];
    private readonly List<RingThread> _idle = [];
    private bool _isClosed;

    internal FuseServer Server => server;

    /// <summary>Stand-ins, those among them that are stuck themselves.</summary>
    internal int StandIns => _standIns.Used;

    internal void Fail(string reason) => fail(reason);

    /// <summary>Makes a ring's first thread.</summary>
    internal void Start(QueueWorker worker, string name)
    {
        RingThread thread = new(this, name, worker);
        worker.Turn.Begin(thread);
        lock (_gate)
        {
            thread.Start();
            _all.Add(thread);
        }
    }

    /// <summary>A thread that has no ring, for the caller to <see cref="Give"/> it one; null when there can be none.</summary>
    internal RingThread? TryReserve()
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return null;
            }

            if (_idle.Count > 0)
            {
                RingThread idle = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
                idle.IsReserved = true;
                return idle;
            }

            return _standIns.TryTake() ? TryMakeStandIn() : null;
        }
    }

    /// <summary>Gives a thread that was reserved its ring.</summary>
    internal void Give(RingThread thread, QueueWorker worker)
    {
        lock (_gate)
        {
            thread.IsReserved = false;
            if (!thread.IsGone)
            {
                thread.Worker = worker;
                Monitor.PulseAll(_gate);
                return;
            }
        }

        // It could not be prepared, and has failed the share.
        worker.Turn.End(thread);
    }

    /// <summary>Waits until a thread that has no ring gets one. False when it is needed no more.</summary>
    internal bool TryAwaitRing(RingThread thread)
    {
        lock (_gate)
        {
            if (thread.Worker is null && !thread.IsReserved)
            {
                _idle.Add(thread);
            }

            bool isOver = _isClosed;
            while (thread.Worker is null)
            {
                if (isOver && !thread.IsReserved)
                {
                    _ = _idle.Remove(thread);
                    thread.IsGone = true;
                    return false;
                }

                isOver = !Monitor.Wait(_gate, LingerMilliseconds) || _isClosed;
            }

            return true;
        }
    }

    /// <summary>A thread ends.</summary>
    internal void NoteEnd(RingThread thread)
    {
        QueueWorker? worker;
        lock (_gate)
        {
            thread.IsGone = true;
            _ = _idle.Remove(thread);
            _ = _all.Remove(thread);
            worker = thread.Worker;
        }

        worker?.Turn.End(thread);
        if (!thread.EndedWithRing)
        {
            _standIns.GiveBack();
        }
    }

    /// <summary>Lets every thread go that has no ring.</summary>
    internal void BeginClose()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits for the threads' end. False when one is stuck in a system call. Then call again.</summary>
    internal bool TryClose(TimeSpan patience)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        RingThread[] threads;
        lock (_gate)
        {
            threads = [.. _all];
        }

        return Array.TrueForAll(threads, thread => thread.TryJoin(TimeSpan.FromMilliseconds(Math.Max(0, deadline - Environment.TickCount64))));
    }

    private RingThread? TryMakeStandIn()
    {
        try
        {
            RingThread thread = new(this, standInName, null) { IsReserved = true };
            thread.Start();
            _all.Add(thread);
            return thread;
        }
        catch (OutOfMemoryException)
        {
            // The system has no thread for us: who is stuck keeps its ring.
            _standIns.GiveBack();
            return null;
        }
    }
}
