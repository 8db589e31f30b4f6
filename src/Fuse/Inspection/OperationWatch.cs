using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace VirtioFs.Fuse.Inspection;

/// <summary>
/// Operations on their way from the threads that answer them to somebody who watches. The buffer is bounded: what finds it full is dropped and
/// counted, and no request waits.
/// </summary>
/// <param name="capacity">The most operations that wait to be taken.</param>
public sealed class OperationWatch(int capacity)
{
    private readonly ConcurrentQueue<WatchedOperation> _operations = new();
    private int _waiting;
    private long _dropped;

    /// <summary>How many were dropped.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Takes the oldest one.</summary>
    public bool TryTake([MaybeNullWhen(false)] out WatchedOperation operation)
    {
        if (!_operations.TryDequeue(out operation))
        {
            return false;
        }

        _ = Interlocked.Decrement(ref _waiting);
        return true;
    }

    internal void Note(in WatchedOperation operation)
    {
        if (Interlocked.Increment(ref _waiting) > capacity)
        {
            _ = Interlocked.Decrement(ref _waiting);
            _ = Interlocked.Increment(ref _dropped);
            return;
        }

        _operations.Enqueue(operation);
    }
}
