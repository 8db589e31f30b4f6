using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Descriptors;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>One message from the front end. It owns the descriptors that came with it until they are taken.</summary>
internal sealed class Message
{
    /// <summary>The longest payload in bytes: SET_MEM_TABLE with a region for each descriptor that a message can carry needs a third of it.</summary>
    internal const int MaximumPayload = 4096;

    private readonly byte[] _payload = new byte[MaximumPayload];
    private readonly int[] _descriptors = new int[UnixSocket.MaximumDescriptors];

    internal MessageHeader Header;

    internal FrontEndRequest Request => Header.Request;

    internal int DescriptorCount { get; private set; }

    internal bool NeedsReply => (Header.Flags & MessageHeader.NeedReply) != 0;

    /// <summary>What follows the header.</summary>
    internal ReadOnlySpan<byte> Payload => _payload.AsSpan(0, (int)Header.Size);

    /// <summary>Room for what follows the header.</summary>
    internal Span<byte> PayloadMemory => _payload.AsSpan(0, (int)Header.Size);

    /// <summary>Room for further descriptors.</summary>
    internal Span<int> DescriptorMemory => _descriptors.AsSpan(DescriptorCount);

    internal void NoteDescriptors(int count) => DescriptorCount += count;

    /// <summary>Reads a payload that is exactly one structure.</summary>
    internal bool TryRead<T>(out T value) where T : unmanaged
    {
        bool exact = Header.Size == Unsafe.SizeOf<T>();
        value = exact ? MemoryMarshal.Read<T>(_payload) : default;
        return exact;
    }

    /// <summary>The descriptor at a place; it is the caller's from here on.</summary>
    internal int TakeDescriptor(int index = 0)
    {
        int descriptor = _descriptors[index];
        _descriptors[index] = -1;
        return descriptor;
    }

    /// <summary>The descriptor at a place; it stays the message's.</summary>
    internal int LookAtDescriptor(int index) => _descriptors[index];

    /// <summary>Closes every descriptor that was not taken.</summary>
    internal void CloseDescriptors()
    {
        foreach (int descriptor in _descriptors.AsSpan(0, DescriptorCount))
        {
            DescriptorDisposal.Close(descriptor);
        }

        DescriptorCount = 0;
    }
}
