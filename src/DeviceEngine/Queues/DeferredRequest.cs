using VirtioFs.DeviceEngine.Rings;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>A request that left its queue's worker, and the queue that it goes back to.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Chain">The request's memory.</param>
internal readonly record struct DeferredRequest(VirtQueue Queue, RequestChain Chain)
{
    /// <summary>Takes those whose queues are closed out of others, which stay in their order.</summary>
    internal static List<DeferredRequest> TakeOutClosed(Queue<DeferredRequest> requests)
    {
        List<DeferredRequest> taken = [];
        for (int count = requests.Count; count > 0; count--)
        {
            DeferredRequest request = requests.Dequeue();
            if (request.Queue.IsClosed)
            {
                taken.Add(request);
            }
            else
            {
                requests.Enqueue(request);
            }
        }

        return taken;
    }
}
