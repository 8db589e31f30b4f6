namespace VirtioFs.DeviceEngine.Shares;

/// <summary>A share went from one state to another.</summary>
/// <param name="previous">The state before.</param>
/// <param name="current">The state now.</param>
/// <param name="reason">Why, where there is more to say than the states do: what ended a session, or what the fault is.</param>
public sealed class ShareStateChangedEventArgs(ShareState previous, ShareState current, string? reason) : EventArgs
{
    /// <summary>The state before.</summary>
    public ShareState Previous { get; } = previous;

    /// <summary>The state now.</summary>
    public ShareState Current { get; } = current;

    /// <summary>What ended a session, or what the fault is, as a sentence; null when there is nothing more to say.</summary>
    public string? Reason { get; } = reason;
}
