using VirtioFs.DeviceEngine.Device;
using VirtioFs.Fuse.Inspection;

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
    internal bool TryCloseFile(ulong handle) => _service.Server.TryClose(handle);

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

    private bool IsPresent(ConnectedFrontEnd frontEnd)
    {
        lock (_gate)
        {
            return _frontEnd == frontEnd;
        }
    }
}
