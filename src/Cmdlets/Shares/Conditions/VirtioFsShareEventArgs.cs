namespace VirtioFs.Cmdlets;

/// <summary>A share was connected, was disconnected, or failed.</summary>
/// <param name="share">The share as it was when the event was raised.</param>
/// <param name="reason">What ended a session, or what the fault is, as a sentence; null when there is nothing more to say.</param>
public sealed class VirtioFsShareEventArgs(VirtioFsShareInfo share, string? reason) : EventArgs
{
    /// <summary>The share as it was when the event was raised.</summary>
    public VirtioFsShareInfo Share { get; } = share;

    /// <summary>When it happened.</summary>
    public DateTimeOffset Time { get; } = DateTimeOffset.Now;

    /// <summary>What ended a session, or what the fault is, as a sentence; null when there is nothing more to say.</summary>
    public string? Reason { get; } = reason;
}
