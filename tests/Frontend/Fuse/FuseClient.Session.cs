using VirtioFs.Frontend.Wire;

namespace VirtioFs.Frontend.Fuse;

// The session itself: INIT, DESTROY, FORGET, INTERRUPT, and the file system as a whole.
public sealed unsafe partial class FuseClient
{
    /// <summary>What both sides agreed on; clients of other queues are told by <see cref="VirtioFsGuest"/>.</summary>
    public FuseInitFlags Negotiated { get; internal set; }

    /// <summary>INIT.</summary>
    /// <param name="flags">What this guest offers.</param>
    /// <param name="answer">The back end's answer.</param>
    /// <param name="minor">The protocol's minor version that this guest speaks.</param>
    public int Init(FuseInitFlags flags, out FuseInitOut answer, uint minor = 45)
    {
        FuseInitIn argument = new()
        {
            Major = 7,
            Minor = minor,
            MaximumReadahead = 128 << 10,
            Flags = (uint)flags,
            Flags2 = flags.HasFlag(FuseInitFlags.InitExtended) ? (uint)((ulong)flags >> 32) : 0,
        };
        int error = Transact(Call.Begin(FuseOpcode.Init, 0).Append(argument).Expect<FuseInitOut>());
        answer = error == 0 ? Call.Result<FuseInitOut>() : default;
        Negotiated = flags & (FuseInitFlags)(answer.Flags | ((ulong)answer.Flags2 << 32));
        return error;
    }

    /// <summary>DESTROY.</summary>
    public int Destroy() => Transact(Call.Begin(FuseOpcode.Destroy, 0));

    /// <summary>FORGET, which has no answer; the ring says that it was taken.</summary>
    public void Forget(ulong node, ulong count = 1) =>
        Transact(Call.Begin(FuseOpcode.Forget, node).Append(new FuseForgetIn { LookupCount = count }).WithoutReply());

    /// <summary>BATCH_FORGET, which has no answer.</summary>
    public void BatchForget(ReadOnlySpan<FuseForgetOne> nodes)
    {
        Call.Begin(FuseOpcode.BatchForget, 0).Append(new FuseBatchForgetIn { Count = (uint)nodes.Length }).WithoutReply();
        foreach (ref readonly FuseForgetOne node in nodes)
        {
            Call.Append(node);
        }

        Transact(Call);
    }

    /// <summary>INTERRUPT of a request in flight.</summary>
    public int Interrupt(ulong unique) => Transact(Call.Begin(FuseOpcode.Interrupt, 0).Append(new FuseInterruptIn { Unique = unique }));

    /// <summary>STATFS.</summary>
    public int Statfs(ulong node, out FuseStatfsOut answer) => Ask(Call.Begin(FuseOpcode.Statfs, node), out answer);

    /// <summary>SYNCFS.</summary>
    public int Syncfs(ulong node) => Transact(Call.Begin(FuseOpcode.Syncfs, node).Append(default(FuseSyncfsIn)));

    private int Ask<T>(FuseRequest request, out T answer)
        where T : unmanaged
    {
        int error = Transact(request.Expect<T>());
        answer = error == 0 ? request.Result<T>() : default;
        return error;
    }
}
