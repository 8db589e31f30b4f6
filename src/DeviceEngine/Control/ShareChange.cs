using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>A share went from one state to another, as its process tells it.</summary>
/// <param name="Previous">The state before.</param>
/// <param name="Current">The state now.</param>
/// <param name="Reason">What ended a session, or what the fault is, as a sentence; null when there is nothing more to say.</param>
public readonly record struct ShareChange(ShareState Previous, ShareState Current, string? Reason);
