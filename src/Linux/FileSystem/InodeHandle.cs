using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>
/// A file by what its file system calls it, which needs no descriptor and outlives renames (<c>struct file_handle</c>,
/// <c>name_to_handle_at(2)</c>).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct InodeHandle
{
    /// <summary>The most bytes of <see cref="Data"/> (<c>MAX_HANDLE_SZ</c>, <c>fcntl.h</c>).</summary>
    public const int MaximumSize = 128;

    /// <summary>Bytes used of <see cref="Data"/>.</summary>
    public uint Size;

    /// <summary>The file system's own type of handle.</summary>
    public int Type;

    /// <summary>The file system's bytes.</summary>
    public fixed byte Data[MaximumSize];

    /// <summary>Asks for the handle of a path reference or open file. EOPNOTSUPP where the file system has none.</summary>
    public static int Of(int descriptor, out InodeHandle handle)
    {
        byte empty = 0;
        return Of(descriptor, &empty, PathCalls.EmptyPath, out handle);
    }

    /// <summary>
    /// Asks for a handle that tells this file from any other, and may be good for nothing else (<c>AT_HANDLE_FID</c>, Linux 6.5).
    /// </summary>
    public static int Identify(int descriptor, out InodeHandle handle)
    {
        const int IdentityOnly = 0x200;
        int result = Of(descriptor, out handle);
        byte empty = 0;
        return result == -Errno.EOPNOTSUPP ? Of(descriptor, &empty, PathCalls.EmptyPath | IdentityOnly, out handle) : result;
    }

    /// <summary>Asks for the handle of a name in a directory; a link's own, not its target's.</summary>
    public static int Of(int directory, byte* name, out InodeHandle handle) => Of(directory, name, 0, out handle);

    /// <summary>Opens the file. EPERM without CAP_DAC_READ_SEARCH, ESTALE when it is gone.</summary>
    /// <param name="mount">An open descriptor (not a path reference) of something on the same mount.</param>
    /// <param name="handle">The handle, at least its used bytes.</param>
    /// <param name="flags">As for open(2); close-on-exec is added.</param>
    public static int Open(int mount, InodeHandle* handle, int flags) =>
        LibC.Result(LibC.open_by_handle_at(mount, handle, flags | OpenFlags.CloseOnExec));

    private static int Of(int directory, byte* name, int flags, out InodeHandle handle)
    {
        InodeHandle value;
        value.Size = MaximumSize;
        int mountId;
        int result = LibC.Result(LibC.name_to_handle_at(directory, name, &value, &mountId, flags));
        handle = value;
        return result;
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int name_to_handle_at(int directory, byte* name, InodeHandle* handle, int* mountId, int flags);

    [LibraryImport(Library)]
    internal static partial int open_by_handle_at(int mount, InodeHandle* handle, int flags);
}
