using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>
/// A file handle as a slot keeps it. Those of ext4, xfs, btrfs and tmpfs fit in; longer ones lie in native memory. It must not
/// move, and those who change it keep others out.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal unsafe struct KeptHandle
{
    // The longest of the common ones is that of btrfs (fs/btrfs/export.h).
    private const int Room = 20;

    private uint _size;
    private int _type;
    private fixed byte _data[Room];

    /// <summary>Whether there is none.</summary>
    internal readonly bool IsEmpty => _size == 0;

    /// <summary>The handle's used bytes; null where there is none.</summary>
    internal InodeHandle* Value => IsEmpty ? null
        : _size <= Room ? (InodeHandle*)Unsafe.AsPointer(ref this) // The same fields in the same order.
        : (InodeHandle*)Unsafe.ReadUnaligned<nint>(ref _data[0]);

    /// <summary>Keeps a copy in the place of what was kept.</summary>
    internal void Keep(InodeHandle* handle)
    {
        Release();
        nuint size = (nuint)(sizeof(uint) + sizeof(int) + handle->Size);
        if (handle->Size <= Room)
        {
            NativeMemory.Copy(handle, Unsafe.AsPointer(ref this), size);
            return;
        }

        void* copy = NativeMemory.Alloc(size);
        NativeMemory.Copy(handle, copy, size);
        Unsafe.WriteUnaligned(ref _data[0], (nint)copy);
        (_size, _type) = (handle->Size, handle->Type);
    }

    /// <summary>Keeps none from here on.</summary>
    internal void Release()
    {
        if (_size > Room)
        {
            NativeMemory.Free(Value);
        }

        _size = 0;
    }

    internal bool Equals(InodeHandle* other) =>
        Value->Size == other->Size
        && Value->Type == other->Type
        && new ReadOnlySpan<byte>(Value->Data, (int)other->Size).SequenceEqual(new(other->Data, (int)other->Size));
}
