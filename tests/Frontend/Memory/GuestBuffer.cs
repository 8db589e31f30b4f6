namespace VirtioFs.Frontend.Memory;

/// <summary>A piece of guest memory that lies in one region.</summary>
/// <param name="GuestAddress">Its first byte, as the guest and its descriptors name it.</param>
/// <param name="Address">The same byte in this process.</param>
/// <param name="Length">Length in bytes.</param>
public readonly unsafe record struct GuestBuffer(ulong GuestAddress, nint Address, int Length)
{
    /// <summary>The bytes.</summary>
    public Span<byte> Span => new((void*)Address, Length);

    /// <summary>A part of it.</summary>
    public GuestBuffer Slice(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start + (ulong)(uint)length, (ulong)Length);
        return new GuestBuffer(GuestAddress + (uint)start, Address + start, length);
    }

    /// <summary>A structure inside of it.</summary>
    public ref T At<T>(int offset)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + sizeof(T), Length);
        return ref *(T*)(Address + offset);
    }
}
