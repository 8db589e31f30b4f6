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
}
