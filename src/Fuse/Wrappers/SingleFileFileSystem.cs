using System.Text;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Locks;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Wrappers;

/// <summary>
/// One regular file of the host in a root directory of its own, since guests mount nothing but directories. The root is made up: it
/// cannot be changed (EPERM, as for an immutable directory), and nothing of the host's directory is told but what the file's name leads
/// to. Every method of the interface is here, so that one that is added later does not get at that directory by accident.
/// </summary>
public sealed unsafe partial class SingleFileFileSystem : IFileSystem
{
    // No regular file has it: file systems give this number to their root, or to nothing.
    private const ulong RootInode = 1;
    private const ushort RootMode = (ushort)FileStatus.Directory | 0x16D;
    private const uint RootBlockSize = 4096;
    private const ulong RootValidSeconds = 3600;
    private const uint WriteAccess = 2;

    // Where a listing goes on: behind each of the dots, and behind the file.
    private const ulong Dots = 2, End = 3;

    private readonly PassthroughFileSystem _inner;
    private readonly byte[] _name;
    private readonly FileTime _since = new(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 0);

    /// <summary>Opens the directory that a file is in.</summary>
    /// <param name="file">An absolute path of the host that ends with the file's own name, as <see cref="Find"/> answers it.</param>
    /// <param name="options">How.</param>
    /// <exception cref="LinuxException">The directory cannot be opened, or <c>/proc</c> is not there.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public SingleFileFileSystem(string file, PassthroughOptions options)
    {
        _name = Encoding.UTF8.GetBytes(Path.GetFileName(file) + '\0');
        _inner = new PassthroughFileSystem(Path.GetDirectoryName(file)!, options) { KnowsOnlyFiles = true };
    }

    /// <inheritdoc/>
    public event Action<LockRelease>? WaitersMayProceed
    {
        add => _inner.WaitersMayProceed += value;
        remove => _inner.WaitersMayProceed -= value;
    }

    /// <summary>The path of the regular file that a path leads to, without symbolic links; null when it leads to anything else, or nowhere.</summary>
    public static string? Find(string path)
    {
        int descriptor = Files.Open(path, OpenFlags.Path);
        bool isFile = descriptor >= 0 && FileStatus.Of(descriptor, out FileStatus status) == 0 && status.Type == FileStatus.Regular;
        string? file = isFile ? new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget : null;
        FileDescriptor.Close(descriptor);
        // Some files lie in no directory: those of namespaces, for one.
        return Path.IsPathRooted(file) ? file : null;
    }

    /// <inheritdoc/>
    public JailNeeds? Needs => _inner.Needs;

    /// <inheritdoc/>
    public InitFlags Initialize(InitFlags offered) => _inner.Initialize(offered);

    /// <inheritdoc/>
    public void EndSession() => _inner.EndSession();

    /// <inheritdoc/>
    public void Dispose() => _inner.Dispose();

    /// <inheritdoc/>
    public SessionHoldings Inspect(SessionParts parts) => _inner.Inspect(parts);

    /// <inheritdoc/>
    public string? FindPath(ulong node) => _inner.FindPath(node);

    /// <inheritdoc/>
    public bool TryClose(ulong handle) => _inner.TryClose(handle);

    /// <inheritdoc/>
    public int Lookup(RequestContext request, ulong parent, FileName name, out EntryOut entry)
    {
        entry = default;
        return IsRoot(parent) && !IsTheFile(name) ? -Errno.ENOENT : _inner.Lookup(request, parent, name, out entry);
    }

    /// <inheritdoc/>
    public void Forget(ulong node, ulong count) => _inner.Forget(node, count);

    /// <inheritdoc/>
    public int GetAttributes(RequestContext request, ulong node, ulong? handle, out AttributesOut attributes)
    {
        if (!IsRoot(node))
        {
            return _inner.GetAttributes(request, node, handle, out attributes);
        }

        attributes = new AttributesOut { ValidSeconds = RootValidSeconds, Attributes = InodeAttributes.From(RootStatus()) };
        return 0;
    }

    /// <inheritdoc/>
    public int SetAttributes(RequestContext request, ulong node, in SetAttributesIn change, out AttributesOut attributes)
    {
        attributes = default;
        return IsRoot(node) ? -Errno.EPERM : _inner.SetAttributes(request, node, change, out attributes);
    }

    /// <inheritdoc/>
    public int GetExtendedStatus(RequestContext request, ulong node, ulong? handle, out StatxOut status)
    {
        if (!IsRoot(node))
        {
            return _inner.GetExtendedStatus(request, node, handle, out status);
        }

        status = new StatxOut { ValidSeconds = RootValidSeconds, Status = RootStatus() };
        return 0;
    }

    /// <inheritdoc/>
    public int Access(RequestContext request, ulong node, uint mask) =>
        !IsRoot(node) ? _inner.Access(request, node, mask) : (mask & WriteAccess) != 0 ? -Errno.EPERM : 0;

    /// <inheritdoc/>
    public nint ReadLink(RequestContext request, ulong node, byte* buffer, uint size) => -Errno.EINVAL;

    /// <inheritdoc/>
    public int MakeSymbolicLink(RequestContext request, ulong parent, FileName name, byte* target, out EntryOut entry)
    {
        entry = default;
        return -Errno.EPERM;
    }

    /// <inheritdoc/>
    public int MakeNode(RequestContext request, ulong parent, FileName name, in MakeNodeIn arguments, out EntryOut entry)
    {
        entry = default;
        return -Errno.EPERM;
    }

    /// <inheritdoc/>
    public int MakeDirectory(RequestContext request, ulong parent, FileName name, in MakeDirectoryIn arguments, out EntryOut entry)
    {
        entry = default;
        return -Errno.EPERM;
    }

    /// <inheritdoc/>
    public int Unlink(RequestContext request, ulong parent, FileName name) => -Errno.EPERM;

    /// <inheritdoc/>
    public int RemoveDirectory(RequestContext request, ulong parent, FileName name) => -Errno.EPERM;

    /// <inheritdoc/>
    public int Rename(RequestContext request, ulong parent, FileName name, ulong newParent, FileName newName, uint flags) => -Errno.EPERM;

    /// <inheritdoc/>
    public int Link(RequestContext request, ulong node, ulong newParent, FileName newName, out EntryOut entry)
    {
        entry = default;
        return -Errno.EPERM;
    }

    /// <inheritdoc/>
    public int Open(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        open = default;
        return IsRoot(node) ? -Errno.EISDIR : _inner.Open(request, node, arguments, out open);
    }

    /// <summary><c>FUSE_CREATE</c>: opens the file where it is there already, and makes none.</summary>
    public int Create(RequestContext request, ulong parent, FileName name, in CreateIn arguments, out CreateOut created)
    {
        created = default;
        if (!IsRoot(parent) || !IsTheFile(name))
        {
            return IsRoot(parent) ? -Errno.EPERM : -Errno.ENOTDIR;
        }

        int result = LookupFile(request, out created.Entry);
        if (result < 0)
        {
            return result == -Errno.ENOENT ? -Errno.EPERM : result;
        }

        bool mustBeNew = (arguments.Flags & OpenFlags.Exclusive) != 0;
        OpenIn existing = new() { Flags = arguments.Flags & ~(uint)OpenFlags.Create, OpenFlags = arguments.OpenFlags };
        result = mustBeNew ? -Errno.EEXIST : _inner.Open(request, created.Entry.NodeId, existing, out created.Open);
        if (result < 0)
        {
            _inner.Forget(created.Entry.NodeId, 1);
        }

        return result;
    }

    /// <inheritdoc/>
    public int CreateTemporary(RequestContext request, ulong parent, in CreateIn arguments, out CreateOut created)
    {
        created = default;
        return -Errno.EPERM;
    }

    /// <inheritdoc/>
    public nint Read(RequestContext request, ulong node, in ReadIn arguments, ReadOnlySpan<IoVec> target) =>
        IsRoot(node) ? -Errno.EBADF : _inner.Read(request, node, arguments, target);

    /// <inheritdoc/>
    public nint Write(RequestContext request, ulong node, in WriteIn arguments, ReadOnlySpan<IoVec> source) =>
        IsRoot(node) ? -Errno.EBADF : _inner.Write(request, node, arguments, source);

    /// <inheritdoc/>
    public int Flush(RequestContext request, ulong node, in FlushIn arguments) =>
        IsRoot(node) ? -Errno.EBADF : _inner.Flush(request, node, arguments);

    /// <inheritdoc/>
    public int Release(RequestContext request, ulong node, in ReleaseIn arguments) =>
        IsRoot(node) ? -Errno.EBADF : _inner.Release(request, node, arguments);

    /// <inheritdoc/>
    public int Sync(RequestContext request, ulong node, in SyncIn arguments) =>
        IsRoot(node) ? -Errno.EBADF : _inner.Sync(request, node, arguments);

    /// <inheritdoc/>
    public int OpenDirectory(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        // A listing needs nothing but its offset, so there is no handle to open.
        open = default;
        return AtRoot(node);
    }

    /// <inheritdoc/>
    public int ReadDirectory(RequestContext request, ulong node, in ReadIn arguments, bool plus, ref DirectoryWriter writer)
    {
        if (!IsRoot(node))
        {
            return -Errno.ENOTDIR;
        }

        fixed (byte* dots = ".."u8)
        {
            for (ulong offset = arguments.Offset; offset < Dots; offset++)
            {
                DirectoryEntryHeader dot = new() { Inode = RootInode, Offset = offset + 1, NameLength = (uint)offset + 1, Type = FileStatus.Directory >> 12 };
                if (!writer.HasRoom((int)dot.NameLength, plus))
                {
                    return 0;
                }

                Add(default, dot, dots, plus, ref writer);
            }
        }

        return arguments.Offset < End ? AddFile(request, plus, ref writer) : 0;
    }

    /// <inheritdoc/>
    public int ReleaseDirectory(RequestContext request, ulong node, in ReleaseIn arguments) => AtRoot(node);

    /// <inheritdoc/>
    public int SyncDirectory(RequestContext request, ulong node, in SyncIn arguments) => AtRoot(node);

    /// <inheritdoc/>
    public int GetFileSystemStatus(RequestContext request, ulong node, out FileSystemStatusOut status) =>
        _inner.GetFileSystemStatus(request, node, out status);

    /// <inheritdoc/>
    public int SyncFileSystem(RequestContext request, ulong node) => _inner.SyncFileSystem(request, node);

    /// <inheritdoc/>
    public long Seek(RequestContext request, ulong node, in SeekIn arguments) =>
        IsRoot(node) ? -Errno.EBADF : _inner.Seek(request, node, arguments);

    /// <inheritdoc/>
    public int Allocate(RequestContext request, ulong node, in AllocateIn arguments) =>
        IsRoot(node) ? -Errno.EBADF : _inner.Allocate(request, node, arguments);

    /// <inheritdoc/>
    public nint CopyFileRange(RequestContext request, ulong node, in CopyFileRangeIn arguments) =>
        IsRoot(node) || IsRoot(arguments.TargetNodeId) ? -Errno.EBADF : _inner.CopyFileRange(request, node, arguments);

    /// <inheritdoc/>
    public nint GetExtendedAttribute(RequestContext request, ulong node, byte* name, byte* value, uint size) =>
        IsRoot(node) ? -Errno.ENODATA : _inner.GetExtendedAttribute(request, node, name, value, size);

    /// <inheritdoc/>
    public int SetExtendedAttribute(RequestContext request, ulong node, byte* name, byte* value, in SetXattrIn arguments) =>
        IsRoot(node) ? -Errno.EPERM : _inner.SetExtendedAttribute(request, node, name, value, arguments);

    /// <inheritdoc/>
    public nint ListExtendedAttributes(RequestContext request, ulong node, byte* list, uint size) =>
        IsRoot(node) ? 0 : _inner.ListExtendedAttributes(request, node, list, size);

    /// <inheritdoc/>
    public int RemoveExtendedAttribute(RequestContext request, ulong node, byte* name) =>
        IsRoot(node) ? -Errno.EPERM : _inner.RemoveExtendedAttribute(request, node, name);

    /// <inheritdoc/>
    public int GetLock(RequestContext request, ulong node, in LockIn arguments, out LockOut found)
    {
        found = default;
        return IsRoot(node) ? -Errno.EBADF : _inner.GetLock(request, node, arguments, out found);
    }

    /// <inheritdoc/>
    public int SetLock(RequestContext request, ulong node, in LockIn arguments, bool wait) =>
        IsRoot(node) ? -Errno.EBADF : _inner.SetLock(request, node, arguments, wait);

    /// <inheritdoc/>
    public void Abandon(ulong unique) => _inner.Abandon(unique);

    /// <inheritdoc/>
    public nint Control(RequestContext request, ulong node, in ControlIn arguments, byte* input, byte* output) =>
        IsRoot(node) ? -Errno.ENOTTY : _inner.Control(request, node, arguments, input, output);

    /// <inheritdoc/>
    public int Poll(RequestContext request, ulong node, in PollIn arguments, out PollOut ready)
    {
        ready = default;
        return IsRoot(node) ? -Errno.EBADF : _inner.Poll(request, node, arguments, out ready);
    }
}
