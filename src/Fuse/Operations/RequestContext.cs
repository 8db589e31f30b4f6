using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Operations;

/// <summary>Who asks, and on which thread: what every operation of a file system may want to know beside its arguments.</summary>
public sealed unsafe class RequestContext
{
    /// <summary><c>FUSE_INVALID_UIDGID</c>: a caller that the guest does not name.</summary>
    internal const uint UnknownId = RequestThread.InvalidId;

    internal RequestContext(RequestThread thread, byte* scratch)
    {
        Thread = thread;
        Scratch = scratch;
    }

    /// <summary>The thread that answers.</summary>
    public RequestThread Thread { get; }

    /// <summary>The request's own number.</summary>
    public ulong Unique { get; private set; }

    /// <summary>
    /// The caller's user, in the guest; <see cref="UnknownId"/> where nothing is made and the guest may have id-mapped mounts (fs/fuse/dev.c).
    /// </summary>
    public uint UserId { get; private set; }

    /// <summary>The caller's group, in the guest.</summary>
    public uint GroupId { get; private set; }

    /// <summary>The caller's process, in the guest.</summary>
    public uint ProcessId { get; private set; }

    /// <summary>A group of the caller's that owns the directory something is made in (<c>FUSE_CREATE_SUPP_GROUP</c>), or null.</summary>
    public uint? SupplementaryGroup { get; internal set; }

    /// <summary>How long the operation may take; one that would take longer answers <see cref="FileSystemResult.WouldBlock"/>.</summary>
    public Patience Patience { get; private set; }

    /// <summary>Whether the operation may take as long as it takes.</summary>
    public bool MayBlock => Patience == Patience.Long;

    /// <summary>What INIT agreed on.</summary>
    public InitFlags Negotiated { get; private set; }

    /// <summary>The security label's attribute name for what is made (<c>FUSE_SECURITY_CTX</c>), NUL-terminated, or null.</summary>
    internal byte* SecurityName { get; set; }

    /// <summary>The label.</summary>
    internal byte* SecurityValue { get; set; }

    /// <summary>Bytes of the label.</summary>
    internal uint SecurityValueSize { get; set; }

    /// <summary>Room for a list of names of extended attributes, for the time of one operation.</summary>
    internal byte* Scratch { get; }

    internal void Begin(in InHeader header, InitFlags negotiated, Patience patience)
    {
        Unique = header.Unique;
        UserId = header.UserId;
        GroupId = header.GroupId;
        ProcessId = header.ProcessId;
        Negotiated = negotiated;
        Patience = patience;
        SupplementaryGroup = null;
        SecurityName = null;
        SecurityValue = null;
        SecurityValueSize = 0;
    }
}
