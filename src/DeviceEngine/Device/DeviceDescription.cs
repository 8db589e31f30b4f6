namespace VirtioFs.DeviceEngine.Device;

/// <summary>What a device offers to its guest.</summary>
/// <param name="Tag">The name that it tells in its configuration space; null for no such space.</param>
/// <param name="RequestQueues">Queues beside the high-priority one.</param>
/// <param name="QueueSize">Entries that a ring may have.</param>
/// <param name="PollMicroseconds">How long a dry ring is watched at most.</param>
internal sealed record DeviceDescription(string? Tag, int RequestQueues, int QueueSize, int PollMicroseconds);
