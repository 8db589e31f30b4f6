namespace VirtioFs.DeviceEngine.Control;

/// <summary>What is asked over the control socket: one line of JSON.</summary>
internal sealed record ControlRequest
{
    /// <summary>What is to be done.</summary>
    public ControlCommand Command { get; init; }

    /// <summary>What of a session is listed one by one; the bits of <see cref="Fuse.Inspection.SessionParts"/>.</summary>
    public int Parts { get; init; }

    /// <summary>The session that is to end.</summary>
    public long Session { get; init; }

    /// <summary>The open file that is to be closed.</summary>
    public ulong Handle { get; init; }

    /// <summary>The most operations that wait to be taken; 0 to follow the share's state alone.</summary>
    public int Capacity { get; init; }

    /// <summary>Only these operations of FUSE, by number; null for all.</summary>
    public int[]? Operations { get; init; }

    /// <summary>How long to wait for a change of the share's state, in milliseconds.</summary>
    public int Wait { get; init; }

    /// <summary>The domain.</summary>
    public DomainNote? Domain { get; init; }
}
