using VirtioFs.Fuse.Inspection;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>
/// What the session of a connected front end is: rings and how far they are, what was agreed on, and what the guest holds. It is as the
/// parts were while they were looked at, since requests go on meanwhile.
/// </summary>
/// <param name="ShareId">The <see cref="Share.Id"/>.</param>
/// <param name="Number">The session's number in its share; the first is 1.</param>
/// <param name="FrontEnd">Who is connected, its memory and its rings.</param>
/// <param name="IsMounted">Whether the guest has begun FUSE and not ended it: it has the file system mounted.</param>
/// <param name="Features">What virtio, vhost-user and FUSE agreed on, by name.</param>
/// <param name="Holdings">What the guest holds.</param>
public sealed record ShareSession(
    int ShareId,
    long Number,
    ShareGuest FrontEnd,
    bool IsMounted,
    IReadOnlyList<string> Features,
    SessionHoldings Holdings);
