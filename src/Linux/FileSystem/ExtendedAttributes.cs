using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>
/// Extended attributes of an inode held by a path reference. No call takes such a reference itself (fgetxattr(2) and, with an
/// empty path, getxattrat(2) answer EBADF), so they go by its entry in <c>/proc/self/fd</c>, which is the working directory of a
/// <see cref="RequestThread"/>. Results are zero or more, or a negated error number.
/// </summary>
public static unsafe class ExtendedAttributes
{
    /// <summary>The longest name in bytes (<c>XATTR_NAME_MAX</c>, <c>linux/limits.h</c>).</summary>
    public const int MaximumNameSize = 255;

    /// <summary>The longest value in bytes (<c>XATTR_SIZE_MAX</c>, <c>linux/limits.h</c>).</summary>
    public const int MaximumValueSize = 65536;

    /// <summary>The longest list of names in bytes (<c>XATTR_LIST_MAX</c>).</summary>
    public const int MaximumListSize = 65536;

    /// <summary>Reads a value; with a size of 0, answers the size it has.</summary>
    public static nint Get(int descriptor, byte* name, byte* value, nuint size)
    {
        byte* path = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, path);
        return LibC.Result(LibC.getxattr(path, name, value, size));
    }

    /// <summary>Sets a value.</summary>
    /// <param name="descriptor">A path reference.</param>
    /// <param name="name">NUL-terminated, with its namespace.</param>
    /// <param name="value">The value's bytes.</param>
    /// <param name="size">Their number.</param>
    /// <param name="flags"><c>XATTR_CREATE</c> (1) or <c>XATTR_REPLACE</c> (2).</param>
    public static int Set(int descriptor, byte* name, byte* value, nuint size, int flags)
    {
        byte* path = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, path);
        return LibC.Result(LibC.setxattr(path, name, value, size, flags));
    }

    /// <summary>Lists the names, each NUL-terminated; with a size of 0, answers the size of the list.</summary>
    public static nint List(int descriptor, byte* list, nuint size)
    {
        byte* path = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, path);
        return LibC.Result(LibC.listxattr(path, list, size));
    }

    /// <summary>Removes an attribute.</summary>
    public static int Remove(int descriptor, byte* name)
    {
        byte* path = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, path);
        return LibC.Result(LibC.removexattr(path, name));
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
