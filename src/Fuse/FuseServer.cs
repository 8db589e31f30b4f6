namespace VirtioFs.Fuse;

/// <summary>Serves FUSE to one guest: the session between its INIT and its end, over a file system.</summary>
public sealed class FuseServer : IDisposable
{
    /// <summary>Makes this thread able to answer requests. Call it on the thread that will use the worker, and dispose it there.</summary>
    public FuseWorker CreateWorker() => throw new NotImplementedException();

    /// <summary>
    /// Ends the session: every inode and handle is let go. The next INIT begins a new one. No worker may be inside of a request.
    /// </summary>
    public void Reset() => throw new NotImplementedException();

    /// <summary>Ends the session and lets go of the file system.</summary>
    public void Dispose() => throw new NotImplementedException();
}

/// <summary>One thread's part of a <see cref="FuseServer"/>: its scratch memory and its counters.</summary>
public sealed class FuseWorker : IDisposable
{
    /// <summary>Answers one request.</summary>
    /// <param name="exchange">The request and the room for the answer.</param>
    /// <param name="mayBlock">False when other requests wait behind this one: what would block is then given back undone.</param>
    /// <param name="replyLength">Bytes written into the reply pieces.</param>
    public FuseOutcome Answer(FuseExchange exchange, bool mayBlock, out uint replyLength) => throw new NotImplementedException();

    /// <summary>Frees the scratch memory; the counters stay with the server.</summary>
    public void Dispose() => throw new NotImplementedException();
}
