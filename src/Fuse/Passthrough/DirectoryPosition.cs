using System.Runtime.InteropServices;

namespace VirtioFs.Fuse;

/// <summary>What the kernel told of a directory and the guest did not take yet, so that nothing is asked for twice.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct DirectoryPosition
{
    /// <summary>Bytes of <see cref="Data"/>: the kernel fills at most as much at a time.</summary>
    internal const int Size = 32 * 1024;

    /// <summary>The offset that the next entry follows.</summary>
    public ulong Next;

    /// <summary>Where the next entry begins in <see cref="Data"/>.</summary>
    public int Position;

    /// <summary>How much of <see cref="Data"/> is filled.</summary>
    public int Length;

    /// <summary><c>struct linux_dirent64</c>, one behind the other.</summary>
    public fixed byte Data[Size];

    internal static DirectoryPosition* Create()
    {
        DirectoryPosition* position = (DirectoryPosition*)NativeMemory.Alloc((nuint)sizeof(DirectoryPosition));
        position->Next = 0;
        position->Position = 0;
        position->Length = 0;
        return position;
    }
}
