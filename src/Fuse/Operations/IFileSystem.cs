using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Locks;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Operations;

/// <summary>
/// A file system behind FUSE: one method an operation, each with a default that answers ENOSYS, so that an implementation
/// shows just what it does.
/// </summary>
/// <remarks>
/// Methods answer zero (or a length) or a negated error number, or a value of <see cref="FileSystemResult"/>; they are called
/// from several threads at once and throw only when the session cannot go on. Names that are parameters have been admitted;
/// node ids and handles are the guest's words, and may be anything.
/// </remarks>
public unsafe interface IFileSystem : IDisposable
{
    /// <summary>
    /// What a jail has to leave to the threads that answer; null for a file system that does not say, whose threads are in none.
    /// </summary>
    JailNeeds? Needs => null;

    /// <summary>Begins a session (<c>FUSE_INIT</c>): chooses among what the guest offers.</summary>
    /// <param name="offered">What the guest can do.</param>
    /// <returns>What of it this file system wants; anything not offered is left out by the caller.</returns>
    InitFlags Initialize(InitFlags offered);

    /// <summary>Ends the session: all inodes and handles are let go. Safe while other threads are inside of operations.</summary>
    void EndSession();

    /// <summary>
    /// Raised when requests that answered <see cref="FileSystemResult.WouldWait"/> may get further if they are given again. It may name some that
    /// wait no more, or whose answer is still on its way.
    /// </summary>
    event Action<LockRelease>? WaitersMayProceed
    {
        add { }
        remove { }
    }

    /// <summary>What the session holds. Called on any thread, while others are inside of operations, and slows none of them.</summary>
    /// <param name="parts">What to list beside the numbers.</param>
    SessionHoldings Inspect(SessionParts parts) => new();

    /// <summary>Where the host has an inode; null when the guest does not know it, or no descriptor holds it now. Called as <see cref="Inspect"/> is.</summary>
    /// <param name="node">The inode.</param>
    string? FindPath(ulong node) => null;

    /// <summary>
    /// Closes an open file under the guest, and gives up the locks taken through it. The guest's later requests with the handle answer EBADF.
    /// False when it is not open.
    /// </summary>
    /// <param name="handle">The handle.</param>
    bool TryClose(ulong handle) => false;

    /// <summary><c>FUSE_LOOKUP</c>. With success the guest holds one more reference to the inode.</summary>
    int Lookup(RequestContext request, ulong parent, FileName name, out EntryOut entry)
    {
        entry = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_FORGET</c>: the guest gives references back.</summary>
    void Forget(ulong node, ulong count)
    {
    }

    /// <summary><c>FUSE_GETATTR</c>.</summary>
    /// <param name="request">Who asks.</param>
    /// <param name="node">The inode.</param>
    /// <param name="handle">An open file of it, or null.</param>
    /// <param name="attributes">The answer.</param>
    int GetAttributes(RequestContext request, ulong node, ulong? handle, out AttributesOut attributes)
    {
        attributes = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_SETATTR</c>.</summary>
    int SetAttributes(RequestContext request, ulong node, in SetAttributesIn change, out AttributesOut attributes)
    {
        attributes = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_STATX</c>.</summary>
    int GetExtendedStatus(RequestContext request, ulong node, ulong? handle, out StatxOut status)
    {
        status = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_ACCESS</c>.</summary>
    int Access(RequestContext request, ulong node, uint mask) => -Errno.ENOSYS;

    /// <summary><c>FUSE_READLINK</c>. Answers bytes.</summary>
    nint ReadLink(RequestContext request, ulong node, byte* buffer, uint size) => -Errno.ENOSYS;

    /// <summary><c>FUSE_SYMLINK</c>. The target is any text, NUL-terminated.</summary>
    int MakeSymbolicLink(RequestContext request, ulong parent, FileName name, byte* target, out EntryOut entry)
    {
        entry = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_MKNOD</c>.</summary>
    int MakeNode(RequestContext request, ulong parent, FileName name, in MakeNodeIn arguments, out EntryOut entry)
    {
        entry = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_MKDIR</c>.</summary>
    int MakeDirectory(RequestContext request, ulong parent, FileName name, in MakeDirectoryIn arguments, out EntryOut entry)
    {
        entry = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_UNLINK</c>.</summary>
    int Unlink(RequestContext request, ulong parent, FileName name) => -Errno.ENOSYS;

    /// <summary><c>FUSE_RMDIR</c>.</summary>
    int RemoveDirectory(RequestContext request, ulong parent, FileName name) => -Errno.ENOSYS;

    /// <summary><c>FUSE_RENAME</c> and <c>FUSE_RENAME2</c>.</summary>
    int Rename(RequestContext request, ulong parent, FileName name, ulong newParent, FileName newName, uint flags) => -Errno.ENOSYS;

    /// <summary><c>FUSE_LINK</c>.</summary>
    int Link(RequestContext request, ulong node, ulong newParent, FileName newName, out EntryOut entry)
    {
        entry = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_OPEN</c>.</summary>
    int Open(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        open = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_CREATE</c>.</summary>
    int Create(RequestContext request, ulong parent, FileName name, in CreateIn arguments, out CreateOut created)
    {
        created = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_TMPFILE</c>: a file without a name.</summary>
    int CreateTemporary(RequestContext request, ulong parent, in CreateIn arguments, out CreateOut created)
    {
        created = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_READ</c>. Answers bytes.</summary>
    /// <param name="request">Who asks.</param>
    /// <param name="node">The inode.</param>
    /// <param name="arguments">Where and how much.</param>
    /// <param name="target">Exactly as much guest memory.</param>
    nint Read(RequestContext request, ulong node, in ReadIn arguments, ReadOnlySpan<IoVec> target) => -Errno.ENOSYS;

    /// <summary><c>FUSE_WRITE</c>. Answers bytes.</summary>
    /// <param name="request">Who asks.</param>
    /// <param name="node">The inode.</param>
    /// <param name="arguments">Where and how much.</param>
    /// <param name="source">Exactly as much guest memory.</param>
    nint Write(RequestContext request, ulong node, in WriteIn arguments, ReadOnlySpan<IoVec> source) => -Errno.ENOSYS;

    /// <summary><c>FUSE_FLUSH</c>: one of the descriptors of an open file was closed.</summary>
    int Flush(RequestContext request, ulong node, in FlushIn arguments) => -Errno.ENOSYS;

    /// <summary><c>FUSE_RELEASE</c>: the last of them was.</summary>
    int Release(RequestContext request, ulong node, in ReleaseIn arguments) => -Errno.ENOSYS;

    /// <summary><c>FUSE_FSYNC</c>.</summary>
    int Sync(RequestContext request, ulong node, in SyncIn arguments) => -Errno.ENOSYS;

    /// <summary><c>FUSE_OPENDIR</c>.</summary>
    int OpenDirectory(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        open = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_READDIR</c>, and <c>FUSE_READDIRPLUS</c>, where each entry counts as a lookup.</summary>
    int ReadDirectory(RequestContext request, ulong node, in ReadIn arguments, bool plus, ref DirectoryWriter writer) => -Errno.ENOSYS;

    /// <summary><c>FUSE_RELEASEDIR</c>.</summary>
    int ReleaseDirectory(RequestContext request, ulong node, in ReleaseIn arguments) => -Errno.ENOSYS;

    /// <summary><c>FUSE_FSYNCDIR</c>.</summary>
    int SyncDirectory(RequestContext request, ulong node, in SyncIn arguments) => -Errno.ENOSYS;

    /// <summary><c>FUSE_STATFS</c>.</summary>
    int GetFileSystemStatus(RequestContext request, ulong node, out FileSystemStatusOut status)
    {
        status = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_SYNCFS</c>.</summary>
    int SyncFileSystem(RequestContext request, ulong node) => -Errno.ENOSYS;

    /// <summary><c>FUSE_LSEEK</c>. Answers the new offset.</summary>
    long Seek(RequestContext request, ulong node, in SeekIn arguments) => -Errno.ENOSYS;

    /// <summary><c>FUSE_FALLOCATE</c>.</summary>
    int Allocate(RequestContext request, ulong node, in AllocateIn arguments) => -Errno.ENOSYS;

    /// <summary><c>FUSE_COPY_FILE_RANGE</c>. Answers bytes.</summary>
    nint CopyFileRange(RequestContext request, ulong node, in CopyFileRangeIn arguments) => -Errno.ENOSYS;

    /// <summary><c>FUSE_GETXATTR</c>. Answers bytes; with a size of 0, how many there are.</summary>
    nint GetExtendedAttribute(RequestContext request, ulong node, byte* name, byte* value, uint size) => -Errno.ENOSYS;

    /// <summary><c>FUSE_SETXATTR</c>.</summary>
    int SetExtendedAttribute(RequestContext request, ulong node, byte* name, byte* value, in SetXattrIn arguments) => -Errno.ENOSYS;

    /// <summary><c>FUSE_LISTXATTR</c>. Answers bytes; with a size of 0, how many there are.</summary>
    nint ListExtendedAttributes(RequestContext request, ulong node, byte* list, uint size) => -Errno.ENOSYS;

    /// <summary><c>FUSE_REMOVEXATTR</c>.</summary>
    int RemoveExtendedAttribute(RequestContext request, ulong node, byte* name) => -Errno.ENOSYS;

    /// <summary><c>FUSE_GETLK</c>.</summary>
    int GetLock(RequestContext request, ulong node, in LockIn arguments, out LockOut found)
    {
        found = default;
        return -Errno.ENOSYS;
    }

    /// <summary><c>FUSE_SETLK</c> and <c>FUSE_SETLKW</c>, of fcntl(2) and flock(2).</summary>
    /// <param name="request">Who asks.</param>
    /// <param name="node">The file.</param>
    /// <param name="arguments">Which lock.</param>
    /// <param name="wait">
    /// Whether to answer <see cref="FileSystemResult.WouldWait"/> or <see cref="FileSystemResult.WouldWaitForRelease"/> instead of EAGAIN.
    /// </param>
    int SetLock(RequestContext request, ulong node, in LockIn arguments, bool wait) => -Errno.ENOSYS;

    /// <summary>A request that answered <see cref="FileSystemResult.WouldWait"/> will not be given again.</summary>
    void Abandon(ulong unique)
    {
    }

    /// <summary><c>FUSE_IOCTL</c>. Answers bytes of output; ENOTTY for a request that is not known.</summary>
    /// <param name="request">Who asks.</param>
    /// <param name="node">The file or directory.</param>
    /// <param name="arguments">What is asked.</param>
    /// <param name="input">As many bytes as <paramref name="arguments"/> say.</param>
    /// <param name="output">Room for as many bytes as <paramref name="arguments"/> say, and for 4096 at least.</param>
    nint Control(RequestContext request, ulong node, in ControlIn arguments, byte* input, byte* output) => -Errno.ENOSYS;

    /// <summary><c>FUSE_POLL</c>.</summary>
    int Poll(RequestContext request, ulong node, in PollIn arguments, out PollOut ready)
    {
        ready = default;
        return -Errno.ENOSYS;
    }
}
