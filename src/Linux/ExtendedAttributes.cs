using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>
/// Extended attributes of an inode held by a path reference. Since Linux 6.13 by <c>getxattrat(2)</c> and its like; before, by
/// the reference's entry in <c>/proc/self/fd</c>, which must then be the calling thread's working directory (see
/// <see cref="RequestThread"/>). Results are zero or more, or a negated error number.
/// </summary>
public static unsafe class ExtendedAttributes
{
    /// <summary>The longest value in bytes (<c>XATTR_SIZE_MAX</c>, <c>linux/limits.h</c>).</summary>
    public const int MaximumValueSize = 65536;

    /// <summary>The longest list of names in bytes (<c>XATTR_LIST_MAX</c>).</summary>
    public const int MaximumListSize = 65536;

    // The same numbers on every architecture (asm-generic/unistd.h).
    private const int SetNumber = 463, GetNumber = 464, ListNumber = 465, RemoveNumber = 466;

    private static readonly bool ByReference = ProbeReferenceCalls();

    /// <summary>Reads a value; with a size of 0, answers the size it has.</summary>
    public static nint Get(int descriptor, byte* name, byte* value, nuint size)
    {
        byte* path = stackalloc byte[12];
        if (!ByReference)
        {
            DescriptorName.Write(descriptor, path);
            return LibC.Result(LibC.getxattr(path, name, value, size));
        }

        *path = 0;
        Arguments arguments = new() { Value = value, Size = (uint)size };
        return LibC.SystemCall(GetNumber, descriptor, (nint)path, PathCalls.EmptyPath, (nint)name, (nint)(&arguments), sizeof(Arguments));
    }

    /// <summary>Sets a value.</summary>
    /// <param name="descriptor">A path reference.</param>
    /// <param name="name">NUL-terminated, with its namespace.</param>
    /// <param name="value">The value's bytes.</param>
    /// <param name="size">Their number.</param>
    /// <param name="flags"><c>XATTR_CREATE</c> (1) or <c>XATTR_REPLACE</c> (2).</param>
    public static int Set(int descriptor, byte* name, byte* value, nuint size, int flags)
    {
        byte* path = stackalloc byte[12];
        if (!ByReference)
        {
            DescriptorName.Write(descriptor, path);
            return LibC.Result(LibC.setxattr(path, name, value, size, flags));
        }

        *path = 0;
        Arguments arguments = new() { Value = value, Size = (uint)size, Flags = (uint)flags };
        return (int)LibC.SystemCall(
            SetNumber, descriptor, (nint)path, PathCalls.EmptyPath, (nint)name, (nint)(&arguments), sizeof(Arguments));
    }

    /// <summary>Lists the names, each NUL-terminated; with a size of 0, answers the size of the list.</summary>
    public static nint List(int descriptor, byte* list, nuint size)
    {
        byte* path = stackalloc byte[12];
        if (!ByReference)
        {
            DescriptorName.Write(descriptor, path);
            return LibC.Result(LibC.listxattr(path, list, size));
        }

        *path = 0;
        return LibC.SystemCall(ListNumber, descriptor, (nint)path, PathCalls.EmptyPath, (nint)list, (nint)size);
    }

    /// <summary>Removes an attribute.</summary>
    public static int Remove(int descriptor, byte* name)
    {
        byte* path = stackalloc byte[12];
        if (!ByReference)
        {
            DescriptorName.Write(descriptor, path);
            return LibC.Result(LibC.removexattr(path, name));
        }

        *path = 0;
        return (int)LibC.SystemCall(RemoveNumber, descriptor, (nint)path, PathCalls.EmptyPath, (nint)name);
    }

    private static bool ProbeReferenceCalls() => LibC.SystemCall(ListNumber, -1, 0, 0, 0, 0) != -Errno.ENOSYS;

    /// <summary><c>struct xattr_args</c> (<c>linux/xattr.h</c>).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public byte* Value;
        public uint Size;
        public uint Flags;
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial nint getxattr(byte* path, byte* name, byte* value, nuint size);

    [LibraryImport(Library)]
    internal static partial int setxattr(byte* path, byte* name, byte* value, nuint size, int flags);

    [LibraryImport(Library)]
    internal static partial nint listxattr(byte* path, byte* list, nuint size);

    [LibraryImport(Library)]
    internal static partial int removexattr(byte* path, byte* name);
}
