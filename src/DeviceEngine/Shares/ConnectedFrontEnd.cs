using VirtioFs.DeviceEngine.Device;
using VirtioFs.DeviceEngine.Queues;
using VirtioFs.DeviceEngine.VhostUser;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>The front end that a share serves now.</summary>
internal sealed class ConnectedFrontEnd
{
    private const string UnsealedMemory = "The guest's memory is in files that can be shortened while they are used: on tmpfs, on hugetlbfs, on a disk, "
        + "or a memfd that cannot be sealed. The device reaches its rings and requests by system calls, which makes each request slower. "
        + "Give the guest memory of memory-backend-memfd (in libvirt <source type='memfd'/>), with or without huge pages.";

    private readonly PeerCredentials _peer;
    private readonly VirtioFsDevice _device;
    private readonly DateTimeOffset _connectedAt = DateTimeOffset.Now;
    private readonly string? _processName;

    internal ConnectedFrontEnd(FrontEndConnection connection, VirtioFsDevice device, Session session, long number)
    {
        (Connection, _peer, _device, Session, Number) = (connection, connection.Peer, device, session, number);
        _processName = ReadProcessName(_peer.ProcessId);
    }

    internal Session Session { get; }

    internal FrontEndConnection Connection { get; }

    /// <summary>The first front end of a share is 1.</summary>
    internal long Number { get; }

    /// <summary>The features that it has accepted, by their names.</summary>
    internal IReadOnlyList<string> FeatureNames => [.. FlagNames.Of(_device.Features), .. FlagNames.Of(Session.ProtocolFeatures)];

    internal ShareGuest Describe() => new(
        _peer.ProcessId,
        _processName,
        _connectedAt,
        (ulong)_device.Features,
        (ulong)Session.ProtocolFeatures,
        _device.Memory.TotalSize,
        [.. _device.Queues.Where(queue => queue.Setup.Size > 0).Select(Describe)],
        _device.Memory.MayVanish ? UnsealedMemory : null);

    private static ShareGuestQueue Describe(VirtQueue queue)
    {
        (ushort nextAvailable, ushort? nextUsed) = queue.Progress;
        return new ShareGuestQueue(queue.Index, queue.Setup.Size, queue.Setup.IsEnabled, queue.Setup.IsStarted, queue.Fault)
        {
            NextAvailable = nextAvailable,
            NextUsed = nextUsed,
            RequestsAway = queue.Away.Count,
            Requests = Volatile.Read(ref queue.Counters.Requests),
            Kicks = Volatile.Read(ref queue.Counters.Kicks),
            Calls = Volatile.Read(ref queue.Counters.Calls),
        };
    }

    internal void AddCounters(QueueCounters total)
    {
        foreach (VirtQueue queue in _device.Queues)
        {
            total.Add(queue.Counters);
        }
    }

    private static string? ReadProcessName(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
