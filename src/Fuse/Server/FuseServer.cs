using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>Serves FUSE to one guest: the session between its INIT and its end, over an <see cref="IFileSystem"/>.</summary>
public sealed class FuseServer : IDisposable
{
    private readonly Lock _workersLock = new();

    // Keep the file system there while they look on; no request is one.
    private readonly Onlookers _onlookers = new();

    private readonly Lock _observers = new();
    private volatile OperationWatch[] _watches = [];
    private volatile bool _isObserved = true;
    private volatile bool _measuresTimes = true;
    private readonly List<FuseWorker> _workers = [];
    private readonly OperationCounters _retired = new();

    // The upper half of the flags has no bit at 63: it says that a session has begun.
    private const ulong Begun = 1UL << 63;
    private ulong _session;

    /// <summary>Takes ownership of a file system.</summary>
    /// <param name="fileSystem">What answers.</param>
    /// <param name="jail">What its threads enter, which stays the caller's; null for none.</param>
    public FuseServer(IFileSystem fileSystem, ThreadJail? jail = null) => (FileSystem, Jail) = (fileSystem, jail);

    internal ThreadJail? Jail { get; }

    internal IFileSystem FileSystem { get; }

    /// <summary>Whether the guest has sent INIT, and neither DESTROY nor <see cref="Reset"/> came since.</summary>
    public bool IsInitialized => (Volatile.Read(ref _session) & Begun) != 0;

    /// <summary>What INIT agreed on.</summary>
    public InitFlags Negotiated => (InitFlags)(Volatile.Read(ref _session) & ~Begun);

    /// <summary>Raised when requests that answered <see cref="FuseOutcome.WouldWait"/> may get further if they are given again.</summary>
    public event Action<LockRelease>? WaitersMayProceed
    {
        add => FileSystem.WaitersMayProceed += value;
        remove => FileSystem.WaitersMayProceed -= value;
    }

    /// <summary>Ends the waiting of a request by its number, for who keeps those that answered <see cref="FuseOutcome.WouldWait"/>. False for one that does not wait.</summary>
    public Func<ulong, bool>? TryInterrupt { get; set; }

    /// <summary>A request that answered <see cref="FuseOutcome.WouldWait"/> will not be given again.</summary>
    /// <param name="unique">Its number.</param>
    public void Abandon(ulong unique) => FileSystem.Abandon(unique);

    /// <summary>Makes this thread able to answer requests. Call it on the thread that will use the worker: it changes the thread for good.</summary>
    /// <exception cref="LinuxException">The thread could not be prepared.</exception>
    public FuseWorker CreateWorker()
    {
        FuseWorker worker = new(this);
        lock (_workersLock)
        {
            _workers.Add(worker);
        }

        return worker;
    }

    /// <summary>Ends the session: every inode and handle is let go. The next INIT begins a new one.</summary>
    public void Reset()
    {
        Volatile.Write(ref _session, 0);
        FileSystem.EndSession();
    }

    /// <summary>All workers' counts up to now, also of those that are gone.</summary>
    public OperationCounters Count()
    {
        OperationCounters total = new();
        lock (_workersLock)
        {
            total.Add(_retired);
            foreach (FuseWorker worker in _workers)
            {
                total.Add(worker.Counters);
            }
        }

        return total;
    }

    /// <inheritdoc cref="IFileSystem.Inspect"/>
    /// <returns>Null when the file system is gone.</returns>
    public SessionHoldings? Inspect(SessionParts parts)
    {
        using Onlookers.Visit visit = _onlookers.Enter();
        return visit.IsAdmitted ? FileSystem.Inspect(parts) : null;
    }

    /// <summary>Whether workers keep how long answers took; see <see cref="OperationCounters.Durations"/>.</summary>
    public bool MeasuresTimes
    {
        get => _measuresTimes;
        set
        {
            lock (_observers)
            {
                _measuresTimes = value;
                _isObserved = value || _watches.Length > 0;
            }
        }
    }

    /// <summary>Whether anybody wants to know more of a request than that it was answered.</summary>
    internal bool IsObserved => _isObserved;

    /// <summary>Whether anybody watches single requests.</summary>
    internal bool IsWatched => _watches.Length > 0;

    /// <summary>Puts each request that is answered from here on into a watch too.</summary>
    public void BeginWatch(OperationWatch watch)
    {
        lock (_observers)
        {
            _watches = [.. _watches, watch];
            _isObserved = true;
        }
    }

    /// <summary>Ends what <see cref="BeginWatch"/> began.</summary>
    public void EndWatch(OperationWatch watch)
    {
        lock (_observers)
        {
            _watches = Array.FindAll(_watches, other => other != watch);
            _isObserved = _measuresTimes || _watches.Length > 0;
        }
    }

    /// <summary>Is observed as another server is: who watches that one watches this one, too.</summary>
    public void ObserveAs(FuseServer other)
    {
        lock (_observers)
        {
            _watches = other._watches;
            _measuresTimes = other._measuresTimes;
            _isObserved = _measuresTimes || _watches.Length > 0;
        }
    }

    /// <inheritdoc cref="IFileSystem.FindPath"/>
    public string? FindPath(ulong node)
    {
        using Onlookers.Visit visit = _onlookers.Enter();
        return visit.IsAdmitted ? FileSystem.FindPath(node) : null;
    }

    /// <inheritdoc cref="IFileSystem.TryClose"/>
    /// <remarks>Closing may hang in the host; others look on meanwhile.</remarks>
    public bool TryClose(ulong handle)
    {
        using Onlookers.Visit visit = _onlookers.Enter();
        return visit.IsAdmitted && FileSystem.TryClose(handle);
    }

    /// <summary>Ends the session and lets go of the file system. No worker may be in use any more.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _session, 0);
        _onlookers.End();
        FileSystem.Dispose();
    }

    internal void Tell(in WatchedOperation operation)
    {
        foreach (OperationWatch watch in _watches)
        {
            watch.Note(operation);
        }
    }

    internal void Begin(InitFlags negotiated) => Volatile.Write(ref _session, (ulong)negotiated | Begun);

    internal void Remove(FuseWorker worker)
    {
        lock (_workersLock)
        {
            if (_workers.Remove(worker))
            {
                _retired.Add(worker.Counters);
            }
        }
    }
}
