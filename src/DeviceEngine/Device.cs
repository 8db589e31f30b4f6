using System.Diagnostics.CodeAnalysis;
using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Queues;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.DeviceEngine.VhostUser;
using VirtioFs.Fuse;

namespace VirtioFs.DeviceEngine;

/// <summary>The virtio-fs device as one front end sees it: queues, guest memory, features and status. It ends with the session.</summary>
internal sealed class Device
{
    // virtio 1.2 §2.1: DEVICE_NEEDS_RESET.
    private const byte NeedsReset = 0x40;

    private readonly ShareOptions _options;
    private readonly DeviceSurroundings _surroundings;
    private readonly VirtQueue[] _queues;
    private volatile GuestMemory _memory = GuestMemory.CreateEmpty();
    private DirtyLog? _log;
    private volatile DirtyLog? _activeLog;
    private DeviceConfiguration _configuration;
    private byte _status;

    internal Device(ShareOptions options, DeviceSurroundings surroundings)
    {
        (_options, _surroundings) = (options, surroundings);
        _configuration = DeviceConfiguration.Of(options.OffersTag ? options.Tag : string.Empty, options.RequestQueues);
        _queues = new VirtQueue[1 + options.RequestQueues];
        for (int i = 0; i < _queues.Length; i++)
        {
            _queues[i] = new VirtQueue(this, i);
        }
    }

    /// <summary>The high-priority queue and the request queues.</summary>
    internal IReadOnlyList<VirtQueue> Queues => _queues;

    internal DeviceFeatures Features { get; private set; }

    internal ProtocolFeatures ProtocolFeatures { get; set; }

    /// <summary>Without a tag there is no configuration space to read: QEMU has its own, and warns about one that it does not use.</summary>
    internal ProtocolFeatures OfferedProtocolFeatures =>
        ProtocolFeatures.Offered | (_options.OffersTag ? ProtocolFeatures.Configuration : ProtocolFeatures.None);

    /// <summary>The newest table. Only the control thread may use it without holding it.</summary>
    internal GuestMemory Memory => _memory;

    internal ref readonly DeviceConfiguration Configuration => ref _configuration;

    internal int MaximumQueueSize => _options.QueueSize;

    internal int PollMicroseconds => _options.PollMicroseconds;

    internal RingFeatures RingFeatures =>
        new(Features.HasFlag(DeviceFeatures.EventIndex), Features.HasFlag(DeviceFeatures.IndirectDescriptors));

    internal FuseServer Server => _surroundings.Server;

    internal ServingThreads Threads => _surroundings.Threads;

    internal DeferredRequests Deferred => _surroundings.Deferred;

    /// <summary>Whether nobody waits for the device's work any more: the share stops, or the front end has gone.</summary>
    internal Func<bool> IsAbandoned => _surroundings.IsAbandoned;

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
        UseLog();
        string? fault = ForEachQueue(queue => queue.UseFeatures());
        return fault is not null || Features.HasFlag(DeviceFeatures.ProtocolFeatures)
            ? fault
            : ForEachQueue(queue => queue.Setup.IsEnabled ? null : queue.SetEnabled(true));
    }

    /// <summary>Takes a new table of guest memory into use, of which this device becomes the owner.</summary>
    internal void SetMemory(GuestMemory memory)
    {
        GuestMemory old = _memory;
        _memory = memory;
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

    /// <summary>Whether writes into guest memory are to be logged now, as while it is being moved to another host.</summary>
    internal bool IsLogging => _activeLog is not null;

    /// <summary>The dirty log, if writes into guest memory are to be logged now; the caller lets go of it.</summary>
    internal bool TryHoldLog([NotNullWhen(true)] out DirtyLog? log)
    {
        do
        {
            log = _activeLog;
        }
        while (log is not null && !log.TryHold());
        return log is not null;
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
        if (fault is null)
        {
            _status = 0;
            Server.Reset();
        }

        return fault;
    }

    internal QueueWorker StartWorker(VirtQueue queue) => new(this, queue, $"vfs{_surroundings.ShareId}-q{queue.Index}");

    internal void NoteRingFault(string reason) => _surroundings.NoteTrouble(reason);

    internal void Fail(string reason) => _surroundings.Fail(reason);

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

    private void UseLog() => _activeLog = Features.HasFlag(DeviceFeatures.LogAll) ? _log : null;

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
