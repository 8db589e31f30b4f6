namespace VirtioFs.DeviceEngine.Shares;

/// <summary>A socket and a tag that are kept for a share which is being started.</summary>
internal sealed class ShareReservation
{
    internal ShareReservation(ShareOptions options, int shareId) => (Options, ShareId) = (options, shareId);

    internal ShareOptions Options { get; }

    internal int ShareId { get; }

    /// <summary>The share, once it has been started.</summary>
    internal Share? Share { get; private set; }

    internal void Fulfil(Share share) => Share = share;

    internal void GiveUp() => ShareRegistry.Remove(this);
}
