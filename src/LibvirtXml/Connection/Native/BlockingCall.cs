namespace VirtioFs.LibvirtXml.Connection.Native;

/// <summary>
/// A native call that may block for as long as a daemon or a network pleases. It runs on a thread of its own, so its caller can stop
/// waiting. An abandoned call keeps its thread and what it uses until it returns; its result is discarded then.
/// </summary>
internal static class BlockingCall
{
    /// <summary>Starts a call on a thread of its own. The pool's threads are not used: a few dead daemons would take them all.</summary>
    public static Task<T> Start<T>(Func<T> call)
    {
        TaskCompletionSource<T> end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread thread = new(() =>
        {
            try
            {
                end.SetResult(call());
            }
            catch (Exception exception)
            {
                end.SetException(exception);
            }
        })
        {
            IsBackground = true,
            Name = "libvirt call",
        };
        thread.Start();
        return end.Task;
    }

    /// <summary>Waits for a call that others may wait for too.</summary>
    /// <returns>False when the limit was reached.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static bool TryWait(Task call, TimeSpan limit, CancellationToken cancellationToken) =>
        Task.WaitAny([call], (int)limit.TotalMilliseconds, cancellationToken) == 0;

    /// <summary>Makes a call, also where the token is cancelled already, and waits for it.</summary>
    /// <param name="call">The call.</param>
    /// <param name="discard">Frees what the call gives when nobody waits for it any more; null when there is nothing to free.</param>
    /// <param name="limit">How long to wait.</param>
    /// <param name="timedOut">Makes the exception for a call that takes longer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static T Run<T>(Func<T> call, Action<T>? discard, TimeSpan limit, Func<Exception> timedOut, CancellationToken cancellationToken)
    {
        Task<T> running = Start(call);
        try
        {
            if (TryWait(running, limit, cancellationToken))
            {
                return running.GetAwaiter().GetResult();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Abandon(running, discard);
            throw;
        }

        Abandon(running, discard);
        throw timedOut();
    }

    private static void Abandon<T>(Task<T> running, Action<T>? discard) => running.ContinueWith(
        ended =>
        {
            // Reading the exception tells the runtime that it was seen.
            if (ended.Exception is null)
            {
                discard?.Invoke(ended.Result);
            }
        },
        CancellationToken.None,
        TaskContinuationOptions.None,
        TaskScheduler.Default);
}
