namespace VirtioFs.DeviceEngine.Queues;

/// <summary>What one queue has counted. Each number has one writer at a time; others may read at any time.</summary>
internal sealed class QueueCounters
{
    internal long Requests;
    internal long RefusedRequests;
    internal long DeferredRequests;
    internal long HandOvers;
    internal long RequestBytes;
    internal long ReplyBytes;
    internal long Kicks;
    internal long Calls;
    internal long Polls;
    internal long SuccessfulPolls;

    internal void Add(QueueCounters other)
    {
        Requests += Volatile.Read(ref other.Requests);
        RefusedRequests += Volatile.Read(ref other.RefusedRequests);
        DeferredRequests += Volatile.Read(ref other.DeferredRequests);
        HandOvers += Volatile.Read(ref other.HandOvers);
        RequestBytes += Volatile.Read(ref other.RequestBytes);
        ReplyBytes += Volatile.Read(ref other.ReplyBytes);
        Kicks += Volatile.Read(ref other.Kicks);
        Calls += Volatile.Read(ref other.Calls);
        Polls += Volatile.Read(ref other.Polls);
        SuccessfulPolls += Volatile.Read(ref other.SuccessfulPolls);
    }
}
