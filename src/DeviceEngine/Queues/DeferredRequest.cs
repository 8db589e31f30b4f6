using VirtioFs.DeviceEngine.Rings;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>A request that left its queue's worker, and the queue that it goes back to.</summary>
internal readonly record struct DeferredRequest(VirtQueue Queue, RequestChain Chain);
