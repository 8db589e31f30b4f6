using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Queues;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Fuse.Server;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Device;

/// <summary>The virtio-fs device as one front end sees it: queues, guest memory, features and status. It ends with the session.</summary>
internal sealed class VirtioFsDevice
{
    // virtio 1.2 §2.1: DEVICE_NEEDS_RESET.
    private const byte NeedsReset = 0x40;
    private static readonly TimeSpan s_hanging = TimeSpan.FromSeconds(2);

    private readonly ShareWork _share;
    private readonly QueueSurroundings _surroundings;
    private readonly VirtQueue[] _queues;
    private DirtyLog? _log;
    private DeviceConfiguration _configuration;
    private byte _status;

    internal VirtioFsDevice(DeviceDescription description, ShareWork share)
    {
        (_share, HasConfiguration) = (share, description.Tag is not null);
        _surroundings = new QueueSurroundings(share, description.QueueSize, description.PollMicroseconds);
        _configuration = DeviceConfiguration.Of(description.Tag ?? string.Empty, description.RequestQueues);
        _surroundings.ParkRequests = ParkRequests;
        _queues = new VirtQueue[1 + description.RequestQueues];
        for (int i = 0; i < _queues.Length; i++)
        {
            _queues[i] = new VirtQueue(_surroundings, i);
        }
    }

    /// <summary>The high-priority queue and the request queues.</summary>
    internal IReadOnlyList<VirtQueue> Queues => _queues;

    internal DeviceFeatures Features { get; private set; }

    /// <summary>Without a tag there is no configuration space to read: QEMU has its own, and warns about one that it does not use.</summary>
    internal bool HasConfiguration { get; }

    /// <summary>The newest table. Only the control thread may use it without holding it.</summary>
    internal GuestMemory Memory => _surroundings.Memory;

    internal ref readonly DeviceConfiguration Configuration => ref _configuration;

    internal FuseServer Server => _share.Server;

    internal ServingThreads Threads => _share.Threads;

    internal DeferredRequests Deferred => _share.Deferred;

    /// <summary>The device's status; a broken ring makes it ask for a reset.</summary>
    internal byte Status
    {
        get => (byte)(_status | (Array.Exists(_queues, queue => queue.Fault is not null) ? NeedsReset : 0));
        set => _status = (byte)(value & ~NeedsReset);
    }

    /// <summary>
    /// SET_FEATURES, which may come again in a session: another driver takes the device over, or the log is switched on. Null, or what is
    /// wrong, as a sentence.
    /// </summary>
    internal string? SetFeatures(ulong features)
    {
        ulong unknown = features & ~(ulong)DeviceFeatures.Offered;
        if (unknown != 0)
        {
            return $"The front end accepted features that were not offered: {unknown:x}.";
        }

        Features = (DeviceFeatures)features;
        _surroundings.RingFeatures = new RingFeatures(Features.HasFlag(DeviceFeatures.EventIndex), Features.HasFlag(DeviceFeatures.IndirectDescriptors));
        UseLog();
        string? fault = ForEachQueue(queue => queue.UseFeatures());
        return fault is not null || Features.HasFlag(DeviceFeatures.ProtocolFeatures)
            ? fault
            : ForEachQueue(queue => queue.Setup.IsEnabled ? null : queue.SetEnabled(true));
    }

    /// <summary>Takes a new table of guest memory into use, of which this device becomes the owner.</summary>
    internal void SetMemory(GuestMemory memory)
    {
        GuestMemory old = _surroundings.Memory;
        _surroundings.Memory = memory;
        foreach (VirtQueue queue in _queues)
        {
            queue.OfferMemory(memory);
        }

        old.LetGo();
    }

    /// <summary>Takes a new dirty log into use, of which this device becomes the owner; null for none.</summary>
    internal void SetLog(DirtyLog? log)
    {
        DirtyLog? old = _log;
        _log = log;
        UseLog();
        old?.LetGo();
    }

    /// <summary>RESET_OWNER: disables all rings, which is what the specification recommends.</summary>
    internal string? DisableQueues() => ForEachQueue(queue => queue.SetEnabled(false));

    /// <summary>The guest took its driver off the device: no ring may be touched until the front end starts it again.</summary>
    internal string? StopQueues() => ForEachQueue(queue => queue.Stop(out _));

    /// <summary>RESET_DEVICE: all is as at the session's beginning, but for the memory and what the protocol itself agreed on.</summary>
    internal string? Reset()
    {
        bool enabled = !Features.HasFlag(DeviceFeatures.ProtocolFeatures);
        string? fault = ForEachQueue(queue => queue.Reset(enabled));
        if (fault is not null)
        {
            return fault;
        }

        _status = 0;
        return _share.TryReset(s_hanging) ? null : _surroundings.GiveUp("The session did not end with the device's reset: closing its files hangs in the host.");
    }

    internal void Fail(string reason) => _share.Fail(reason);

    /// <summary>Ends all work. Answers whatever is still under way are dropped.</summary>
    internal void BeginClose()
    {
        foreach (VirtQueue queue in _queues)
        {
            queue.BeginClose();
        }

        Deferred.DropClosed();
    }

    /// <summary>Waits for the end of all work, then lets go of guest memory. False when some is stuck in a system call. Then call again.</summary>
    internal bool TryClose(TimeSpan patience)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        foreach (VirtQueue queue in _queues)
        {
            if (!queue.TryClose(TimeSpan.FromMilliseconds(Math.Max(0, deadline - Environment.TickCount64))))
            {
                return false;
            }
        }

        SetLog(null);
        SetMemory(GuestMemory.CreateEmpty());
        return true;
    }

    /// <summary>
    /// Takes the guest's memory from requests that are stuck after <see cref="BeginClose"/>, so that they touch it no more whenever they come
    /// back. False where the system has no memory for that.
    /// </summary>
    internal bool TryCutOff()
    {
        SetLog(null);
        List<IoVec> kept = [];
        Array.ForEach(_queues, queue => queue.AddPieces(kept));
        bool all = Memory.TryCutOff([.. kept]);
        foreach (VirtQueue queue in _queues)
        {
            all &= queue.TryCutOff([.. kept]);
        }

        return all;
    }

    /// <summary>
    /// Takes the guest's memory from requests that hang while their front end stays, which waits for a ring to stop. All else goes on in a second mapping of it;
    /// the first one becomes memory that nobody sees. What they answer when they come back is copied out of there once their ring goes on, or forgotten where it begins anew.
    /// </summary>
    private string? ParkRequests()
    {
        if (!Array.TrueForAll(_queues, queue => queue.TryPause()))
        {
            return _surroundings.GiveUp("The rings did not come to rest: requests hang in the host, and no thread is left to stand in for theirs.");
        }

        GuestMemory old = Memory.Hold();
        try
        {
            if (old.TryDuplicate() is not GuestMemory fresh)
            {
                return _surroundings.GiveUp("Requests hang in the host, and the guest's memory cannot be taken from them while its front end stays.");
            }

            SetMemory(fresh);
            bool isCutOff = true;
            Deferred.WhileNoneBegins(() =>
            {
                List<IoVec> kept = [];
                Array.ForEach(_queues, queue => queue.AddPieces(kept));
                Array.ForEach(_queues, queue => queue.MoveOrPark(fresh));
                isCutOff = old.TryCutOff([.. kept]);
                Array.ForEach(_queues, queue => isCutOff &= queue.TryCutOffParked([.. kept]));
            });
            if (!isCutOff)
            {
                return _surroundings.GiveUp("Requests hang in the host, and the system has no memory to give them in the place of the guest's.");
            }
        }
        finally
        {
            old.LetGo();
        }

        _share.NoteTrouble("Requests hang in the host while their ring is stopped. It was stopped without them; they are answered when they come back and the ring goes on.");
        Array.ForEach(_queues, queue => queue.GoOn());
        return null;
    }

    private void UseLog() => _surroundings.UseLog(Features.HasFlag(DeviceFeatures.LogAll) ? _log : null);

    private string? ForEachQueue(Func<VirtQueue, string?> action)
    {
        string? fault = null;
        foreach (VirtQueue queue in _queues)
        {
            fault ??= action(queue);
        }

        return fault;
    }
}
