using VirtioFs.Fuse.Inspection;

namespace VirtioFs.DeviceEngine.Observation;

/// <summary>One request of a guest, as it was answered, with the place of what it was about.</summary>
/// <param name="Operation">The request.</param>
/// <param name="NodePath">Where the host has the node that it was asked of, as far as that was known shortly after; null where it was not.</param>
public readonly record struct ObservedOperation(WatchedOperation Operation, string? NodePath);
