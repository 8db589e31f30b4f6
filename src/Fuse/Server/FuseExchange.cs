using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>
/// One request and the room for its answer, as they lie scattered in memory that a guest shares and may change at any time.
/// </summary>
/// <remarks>The transport has checked that each piece lies inside of the guest's memory; nothing else is known of them.</remarks>
public readonly ref struct FuseExchange
{
    /// <summary>Describes a request by its pieces; both lists stay valid until it has been answered.</summary>
    /// <param name="request">What the guest wrote: <c>fuse_in_header</c>, then the operation's arguments.</param>
    /// <param name="reply">What the guest lets us write: <c>fuse_out_header</c>, then the operation's results; empty for FORGET.</param>
    /// <param name="mayVanish">Whether the pieces may be gone when they are touched (<see cref="GuardedMemory"/>).</param>
    public FuseExchange(ReadOnlySpan<IoVec> request, ReadOnlySpan<IoVec> reply, bool mayVanish = false)
    {
        MayVanish = mayVanish;
        Request = request;
        Reply = reply;
    }

    /// <summary>Whether the pieces may be gone when they are touched.</summary>
    public bool MayVanish { get; }

    /// <summary>The readable pieces.</summary>
    public ReadOnlySpan<IoVec> Request { get; }

    /// <summary>The writable pieces.</summary>
    public ReadOnlySpan<IoVec> Reply { get; }
}
