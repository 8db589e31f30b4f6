using System.Diagnostics.CodeAnalysis;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Fuse;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>
/// Threads for requests that would hold up a queue. They come with the work, up to a limit, and stay. Requests that block for a while
/// and those that wait for somebody else have a lane each, so that the latter never keep the former waiting.
/// </summary>
internal sealed class BlockingLane
{
    private const int StackSize = 512 * 1024;
    private readonly object _gate = new();
    private readonly FuseServer _server;
    private readonly Action<string> _fail;
    private readonly string _name;
    private readonly int _limit;
    private readonly Queue<(VirtQueue Queue, RequestChain Chain)> _work = new();
    private readonly List<Thread> _threads = [];
    private int _idle;
    private bool _closed;

    /// <summary>Makes a lane without threads.</summary>
    /// <param name="server">Who answers.</param>
    /// <param name="fail">What a thread tells that cannot go on.</param>
    /// <param name="name">The threads' name.</param>
    /// <param name="limit">The most threads.</param>
    internal BlockingLane(FuseServer server, Action<string> fail, string name, int limit) =>
        (_server, _fail, _name, _limit) = (server, fail, name, limit);

    /// <summary>Takes a request over; it ends with <see cref="VirtQueue.CompleteDeferred"/>.</summary>
    internal void Add(VirtQueue queue, RequestChain chain)
    {
        lock (_gate)
        {
            _work.Enqueue((queue, chain));
            if (_work.Count > _idle && _threads.Count < _limit)
            {
                Thread thread = new(Run, StackSize) { IsBackground = true, Name = _name };
                _threads.Add(thread);
                thread.Start();
                return;
            }

            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Drops what nobody has begun of queues that are closed.</summary>
    internal void DropClosed()
    {
        List<(VirtQueue Queue, RequestChain Chain)> dropped = [];
        lock (_gate)
        {
            for (int count = _work.Count; count > 0; count--)
            {
                (VirtQueue Queue, RequestChain Chain) work = _work.Dequeue();
                if (work.Queue.IsClosed)
                {
                    dropped.Add(work);
                }
                else
                {
                    _work.Enqueue(work);
                }
            }
        }

        foreach ((VirtQueue queue, RequestChain chain) in dropped)
        {
            queue.CompleteDeferred(chain, null);
        }
    }

    /// <summary>Lets every thread go after the request that it is in.</summary>
    internal void BeginClose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits for the threads' end. False when one is stuck in a system call. Then call again.</summary>
    internal bool TryClose(TimeSpan patience)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        foreach (Thread thread in _threads)
        {
            if (!thread.Join((int)Math.Max(0, deadline - Environment.TickCount64)))
            {
                return false;
            }
        }

        return true;
    }

    private void Run()
    {
        try
        {
            using FuseWorker fuse = _server.CreateWorker();
            while (TryTake(out VirtQueue? queue, out RequestChain? chain))
            {
                uint? written = null;
                try
                {
                    written = queue.IsClosed ? null : Answer(fuse, chain);
                }
                finally
                {
                    queue.CompleteDeferred(chain, written);
                }
            }
        }
#pragma warning disable CA1031 // The last resort of this thread: a fault ends the share, never the process.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            _fail($"A thread for blocking requests failed: {fault.Message}");
        }
    }

    private static uint Answer(FuseWorker fuse, RequestChain chain)
    {
        FuseOutcome outcome = fuse.Answer(chain.Exchange, mayBlock: true, out uint written);
        return outcome == FuseOutcome.Answered ? written : fuse.Refuse(chain.Exchange, Errno.EAGAIN);
    }

    private bool TryTake([NotNullWhen(true)] out VirtQueue? queue, [NotNullWhen(true)] out RequestChain? chain)
    {
        lock (_gate)
        {
            _idle++;
            while (_work.Count == 0 && !_closed)
            {
                _ = Monitor.Wait(_gate);
            }

            _idle--;
            bool found = _work.TryDequeue(out (VirtQueue Queue, RequestChain Chain) work);
            (queue, chain) = (work.Queue, work.Chain);
            return found;
        }
    }
}
