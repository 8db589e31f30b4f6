using VirtioFs.Frontend.VhostUser;

namespace VirtioFs.Frontend.Memory;

/// <summary>One region of guest memory: a part of a memory file, mapped here, and told to the back end.</summary>
public sealed class GuestRegion
{
    private ulong _used;

    internal GuestRegion(MemoryRegionDescription description, int descriptor, nint address)
    {
        Description = description;
        Descriptor = descriptor;
        Address = address;
    }

    /// <summary>How the back end is told of it.</summary>
    public MemoryRegionDescription Description { get; }

    /// <summary>The memory file.</summary>
    public int Descriptor { get; }

    /// <summary>Its first byte in this process.</summary>
    public nint Address { get; }

    /// <summary>A piece of it, whether allocated or not.</summary>
    public GuestBuffer At(ulong offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + (ulong)(uint)length, Description.Size);
        return new GuestBuffer(Description.GuestAddress + offset, Address + (nint)offset, length);
    }

    /// <summary>The address at which the front end claims to have this guest address mapped.</summary>
    public ulong ToUserAddress(ulong guestAddress) => guestAddress - Description.GuestAddress + Description.UserAddress;

    internal bool TryAllocate(int length, int alignment, out GuestBuffer buffer)
    {
        ulong start = (_used + (ulong)alignment - 1) & ~((ulong)alignment - 1);
        if (start + (ulong)(uint)length > Description.Size)
        {
            buffer = default;
            return false;
        }

        _used = start + (ulong)(uint)length;
        buffer = At(start, length);
        return true;
    }
}
