using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Queues;
using VirtioFs.DeviceEngine.Rings;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>Messages about one ring. They may come in any order, and while the ring runs (vhost-user: Ring states).</summary>
internal sealed partial class Session
{
    private Outcome SetRingSize() =>
        TryReadState(out RingState state, out VirtQueue queue, out Outcome refusal) ? Outcome.Of(queue.SetSize(state.Number)) : refusal;

    private Outcome SetRingBase() =>
        TryReadState(out RingState state, out VirtQueue queue, out Outcome refusal) ? Outcome.Of(queue.SetBase(state.Number)) : refusal;

    private Outcome SetRingAddresses() =>
        TryRead(out RingAddresses addresses, out Outcome refusal) && TryFindQueue(addresses.Index, out VirtQueue queue, out refusal)
            ? Outcome.Of(queue.SetAddresses(addresses))
            : refusal;

    private Outcome SetRingEnabled()
    {
        if (!TryReadState(out RingState state, out VirtQueue queue, out Outcome refusal))
        {
            return refusal;
        }

        return state.Number > 1
            ? Outcome.Refused($"The front end enables ring {state.Index} with {state.Number}; 0 and 1 are possible.")
            : Outcome.Of(queue.SetEnabled(state.Number == 1));
    }

    private Outcome GetRingBase()
    {
        if (!TryReadState(out RingState state, out VirtQueue queue, out Outcome refusal))
        {
            return refusal;
        }

        string? fault = queue.Stop(out ushort next);
        if (fault is not null)
        {
            return Outcome.Refused(fault);
        }

        RingState answer = new(state.Index, next);
        return TrySend(MemoryMarshal.AsBytes(new ReadOnlySpan<RingState>(in answer)))
            ? Outcome.Replied
            : Outcome.Refused("The front end did not take its answer.");
    }

    private Outcome SetRingKick() =>
        TryTakeRingDescriptor(out int descriptor, out VirtQueue queue, out Outcome refusal) ? Outcome.Of(queue.SetKick(descriptor)) : refusal;

    private Outcome SetRingCall() =>
        TryTakeRingDescriptor(out int descriptor, out VirtQueue queue, out Outcome refusal) ? Outcome.Of(queue.Used.SetCall(descriptor)) : refusal;

    private Outcome SetRingError() =>
        TryTakeRingDescriptor(out int descriptor, out VirtQueue queue, out Outcome refusal) ? Outcome.Of(queue.Used.SetError(descriptor)) : refusal;

    private bool TryReadState(out RingState state, out VirtQueue queue, out Outcome refusal)
    {
        queue = _device.Queues[0];
        return TryRead(out state, out refusal) && TryFindQueue(state.Index, out queue, out refusal);
    }

    /// <summary>Reads a ring's index and takes the descriptor that came with it; -1 where the message says that none does.</summary>
    private bool TryTakeRingDescriptor(out int descriptor, out VirtQueue queue, out Outcome refusal)
    {
        const ulong IndexMask = 0xff, NoDescriptor = 0x100;
        descriptor = -1;
        queue = _device.Queues[0];
        if (!_message.TryRead(out ulong number))
        {
            refusal = WrongSize();
            return false;
        }

        bool none = (number & NoDescriptor) != 0;
        if (!HasDescriptors(none ? 0 : 1, none ? "none, as it says itself" : "one", out refusal)
            || !TryFindQueue((uint)(number & IndexMask), out queue, out refusal))
        {
            return false;
        }

        descriptor = none ? -1 : _message.TakeDescriptor();
        return true;
    }
}
