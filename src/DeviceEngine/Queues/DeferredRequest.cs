using VirtioFs.DeviceEngine.Rings;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>A request that left its queue's worker, and the queue that it goes back to.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Chain">The request's memory.</param>
internal readonly record struct DeferredRequest(VirtQueue Queue, RequestChain Chain);
