using VirtioFs.DeviceEngine.Device;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Server;

namespace VirtioFs.DeviceEngine.Shares;

/// <content>The session of the connected front end, for who looks on or ends it.</content>
internal sealed partial class ShareControl
{
    /// <inheritdoc cref="Share.InspectSession"/>
    internal ShareSession? InspectSession(SessionParts parts)
    {
        ShareGuest? guest;
        ConnectedFrontEnd? frontEnd;
        lock (_gate)
        {
            frontEnd = _frontEnd;
            guest = frontEnd?.Describe();
        }

        if (frontEnd is null || _service.Server.Inspect(parts) is not SessionHoldings holdings || !IsPresent(frontEnd))
        {
            return null;
        }

        IReadOnlyList<string> features = [.. frontEnd.FeatureNames, .. FlagNames.Of(_service.Server.Negotiated)];
        return new ShareSession(_id, frontEnd.Number, guest!, _service.Server.IsInitialized, features, holdings);
    }

    /// <inheritdoc cref="Share.TryCloseFile"/>
    internal bool TryCloseFile(ulong handle)
    {
        FuseServer server = _service.Server;
        bool isClosed = false;
        Thread closing = new(() => isClosed = TryClose(server, handle), StackSize) { IsBackground = true, Name = $"vfs{_id}-close" };
        try
        {
            closing.Start();
        }
        catch (Exception none) when (none is OutOfMemoryException or ThreadStartException)
        {
            // The system has no thread for it.
            return TryClose(server, handle);
        }

        if (closing.Join(HangMilliseconds))
        {
            return isClosed;
        }

        // Only closing itself hangs: to look for the handle and to take it from the guest waits for nothing.
        _status.NoteTrouble($"A file of '{_options.Path}' was taken from its guest, but closing it hangs in the host's file system; it is closed when that goes on.");
        return true;
    }

    /// <inheritdoc cref="Share.TryDisconnect"/>
    internal bool TryDisconnect(long session)
    {
        ConnectedFrontEnd? frontEnd;
        lock (_gate)
        {
            frontEnd = _frontEnd;
        }

        if (frontEnd?.Number != session)
        {
            return false;
        }

        frontEnd.Connection.Disconnect();
        return true;
    }

    private bool TryClose(FuseServer server, ulong handle)
    {
        try
        {
            return server.TryClose(handle);
        }
#pragma warning disable CA1031 // The last resort of a thread: a fault ends the share, never the process.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            Fail($"Closing a file under its guest failed: {fault.Message}");
            return false;
        }
    }

    private bool IsPresent(ConnectedFrontEnd frontEnd)
    {
        lock (_gate)
        {
            return _frontEnd == frontEnd;
        }
    }
}
