namespace VirtioFs.DeviceEngine.Shares;

/// <summary>What a share has counted since it started; the numbers only grow.</summary>
public sealed record ShareStatistics
{
    /// <summary>Front ends that have connected.</summary>
    public long Sessions { get; init; }

    /// <summary>Sessions that ended because the front end or the guest broke the rules.</summary>
    public long FailedSessions { get; init; }

    /// <summary>vhost-user messages received.</summary>
    public long Messages { get; init; }

    /// <summary>Requests taken from the rings and answered.</summary>
    public long Requests { get; init; }

    /// <summary>Requests that named memory which the guest does not have, or were otherwise refused before a file system saw them.</summary>
    public long RefusedRequests { get; init; }

    /// <summary>Requests that were given to a thread of their own, since they would have held up the queue.</summary>
    public long DeferredRequests { get; init; }

    /// <summary>Bytes in the requests, as their descriptors count them.</summary>
    public long RequestBytes { get; init; }

    /// <summary>Bytes written as answers.</summary>
    public long ReplyBytes { get; init; }

    /// <summary>Times that a worker was woken by the guest.</summary>
    public long Kicks { get; init; }

    /// <summary>Times that the guest was notified.</summary>
    public long Calls { get; init; }

    /// <summary>Times that a worker polled a dry ring.</summary>
    public long Polls { get; init; }

    /// <summary>Times that polling found new requests before it gave up.</summary>
    public long SuccessfulPolls { get; init; }
}
