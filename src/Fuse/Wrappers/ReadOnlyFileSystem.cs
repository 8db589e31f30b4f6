using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Locks;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Wrappers;

/// <summary>
/// A file system of which nothing can be changed: what would change anything answers EROFS before it gets any further. Every
/// method of the interface is here, so that one that is added later is not passed on by accident.
/// </summary>
public sealed unsafe class ReadOnlyFileSystem(IFileSystem inner) : IFileSystem
{
    private const int WriteAccess = 2;

    /// <inheritdoc/>
    public event Action<LockRelease>? WaitersMayProceed
    {
        add => inner.WaitersMayProceed += value;
        remove => inner.WaitersMayProceed -= value;
    }

    /// <inheritdoc/>
    public JailNeeds? Needs => inner.Needs;

    /// <inheritdoc/>
    public InitFlags Initialize(InitFlags offered) =>
        inner.Initialize(offered) & ~(InitFlags.WritebackCache | InitFlags.HandleKillPrivileges | InitFlags.HandleKillPrivileges2);

    /// <inheritdoc/>
    public void EndSession() => inner.EndSession();

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();

    /// <inheritdoc/>
    public SessionHoldings Inspect(SessionParts parts) => inner.Inspect(parts);

    /// <inheritdoc/>
    public string? FindPath(ulong node) => inner.FindPath(node);

    /// <inheritdoc/>
    public bool TryClose(ulong handle) => inner.TryClose(handle);

    /// <inheritdoc/>
    public int Open(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        open = default;
        const uint Changing = OpenFlags.Truncate | OpenFlags.Create;
        bool changes = (arguments.Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly || (arguments.Flags & Changing) != 0;
        return changes ? -Errno.EROFS : inner.Open(request, node, arguments, out open);
    }

    /// <inheritdoc/>
    public int OpenDirectory(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open) =>
        inner.OpenDirectory(request, node, arguments, out open);

    /// <inheritdoc/>
    public int Access(RequestContext request, ulong node, uint mask) =>
        (mask & WriteAccess) != 0 ? -Errno.EROFS : inner.Access(request, node, mask);

    /// <inheritdoc/>
    public int GetFileSystemStatus(RequestContext request, ulong node, out FileSystemStatusOut status) =>
        inner.GetFileSystemStatus(request, node, out status);

    /// <inheritdoc/>
    public int SetLock(RequestContext request, ulong node, in LockIn arguments, bool wait) =>
        inner.SetLock(request, node, arguments, wait);

    /// <inheritdoc/>
    public nint Control(RequestContext request, ulong node, in ControlIn arguments, byte* input, byte* output) =>
        FileControlRequest.Find(arguments.Command) is { Changes: true } ? -Errno.EROFS : inner.Control(request, node, arguments, input, output);

    /// <inheritdoc/>
    public int Lookup(RequestContext request, ulong parent, FileName name, out EntryOut entry) =>
        inner.Lookup(request, parent, name, out entry);

    /// <inheritdoc/>
    public void Forget(ulong node, ulong count) => inner.Forget(node, count);

    /// <inheritdoc/>
    public int GetAttributes(RequestContext request, ulong node, ulong? handle, out AttributesOut attributes) =>
        inner.GetAttributes(request, node, handle, out attributes);

    /// <inheritdoc/>
    public int SetAttributes(RequestContext request, ulong node, in SetAttributesIn change, out AttributesOut attributes)
    {
        attributes = default;
        return -Errno.EROFS;
    }

    /// <inheritdoc/>
    public int GetExtendedStatus(RequestContext request, ulong node, ulong? handle, out StatxOut status) =>
        inner.GetExtendedStatus(request, node, handle, out status);

    /// <inheritdoc/>
    public nint ReadLink(RequestContext request, ulong node, byte* buffer, uint size) => inner.ReadLink(request, node, buffer, size);

    /// <inheritdoc/>
    public int MakeSymbolicLink(RequestContext request, ulong parent, FileName name, byte* target, out EntryOut entry)
    {
        entry = default;
        return -Errno.EROFS;
    }

    /// <inheritdoc/>
    public int MakeNode(RequestContext request, ulong parent, FileName name, in MakeNodeIn arguments, out EntryOut entry)
    {
        entry = default;
        return -Errno.EROFS;
    }

    /// <inheritdoc/>
    public int MakeDirectory(RequestContext request, ulong parent, FileName name, in MakeDirectoryIn arguments, out EntryOut entry)
    {
        entry = default;
        return -Errno.EROFS;
    }

    /// <inheritdoc/>
    public int Unlink(RequestContext request, ulong parent, FileName name) => -Errno.EROFS;

    /// <inheritdoc/>
    public int RemoveDirectory(RequestContext request, ulong parent, FileName name) => -Errno.EROFS;

    /// <inheritdoc/>
    public int Rename(RequestContext request, ulong parent, FileName name, ulong newParent, FileName newName, uint flags) => -Errno.EROFS;

    /// <inheritdoc/>
    public int Link(RequestContext request, ulong node, ulong newParent, FileName newName, out EntryOut entry)
    {
        entry = default;
        return -Errno.EROFS;
    }

    /// <inheritdoc/>
    public int Create(RequestContext request, ulong parent, FileName name, in CreateIn arguments, out CreateOut created)
    {
        created = default;
        return -Errno.EROFS;
    }

    /// <inheritdoc/>
    public int CreateTemporary(RequestContext request, ulong parent, in CreateIn arguments, out CreateOut created)
    {
        created = default;
        return -Errno.EROFS;
    }

    /// <inheritdoc/>
    public nint Read(RequestContext request, ulong node, in ReadIn arguments, ReadOnlySpan<IoVec> target) =>
        inner.Read(request, node, arguments, target);

    /// <inheritdoc/>
    public nint Write(RequestContext request, ulong node, in WriteIn arguments, ReadOnlySpan<IoVec> source) => -Errno.EROFS;

    /// <inheritdoc/>
    public int Flush(RequestContext request, ulong node, in FlushIn arguments) => inner.Flush(request, node, arguments);

    /// <inheritdoc/>
    public int Release(RequestContext request, ulong node, in ReleaseIn arguments) => inner.Release(request, node, arguments);

    /// <inheritdoc/>
    public int Sync(RequestContext request, ulong node, in SyncIn arguments) => inner.Sync(request, node, arguments);

    /// <inheritdoc/>
    public int ReadDirectory(RequestContext request, ulong node, in ReadIn arguments, bool plus, ref DirectoryWriter writer) =>
        inner.ReadDirectory(request, node, arguments, plus, ref writer);

    /// <inheritdoc/>
    public int ReleaseDirectory(RequestContext request, ulong node, in ReleaseIn arguments) =>
        inner.ReleaseDirectory(request, node, arguments);

    /// <inheritdoc/>
    public int SyncDirectory(RequestContext request, ulong node, in SyncIn arguments) => inner.SyncDirectory(request, node, arguments);

    /// <inheritdoc/>
    public int SyncFileSystem(RequestContext request, ulong node) => inner.SyncFileSystem(request, node);

    /// <inheritdoc/>
    public long Seek(RequestContext request, ulong node, in SeekIn arguments) => inner.Seek(request, node, arguments);

    /// <inheritdoc/>
    public int Allocate(RequestContext request, ulong node, in AllocateIn arguments) => -Errno.EROFS;

    /// <inheritdoc/>
    public nint CopyFileRange(RequestContext request, ulong node, in CopyFileRangeIn arguments) => -Errno.EROFS;

    /// <inheritdoc/>
    public nint GetExtendedAttribute(RequestContext request, ulong node, byte* name, byte* value, uint size) =>
        inner.GetExtendedAttribute(request, node, name, value, size);

    /// <inheritdoc/>
    public int SetExtendedAttribute(RequestContext request, ulong node, byte* name, byte* value, in SetXattrIn arguments) => -Errno.EROFS;

    /// <inheritdoc/>
    public nint ListExtendedAttributes(RequestContext request, ulong node, byte* list, uint size) =>
        inner.ListExtendedAttributes(request, node, list, size);

    /// <inheritdoc/>
    public int RemoveExtendedAttribute(RequestContext request, ulong node, byte* name) => -Errno.EROFS;

    /// <inheritdoc/>
    public int GetLock(RequestContext request, ulong node, in LockIn arguments, out LockOut found) =>
        inner.GetLock(request, node, arguments, out found);

    /// <inheritdoc/>
    public void Abandon(ulong unique) => inner.Abandon(unique);

    /// <inheritdoc/>
    public int Poll(RequestContext request, ulong node, in PollIn arguments, out PollOut ready) =>
        inner.Poll(request, node, arguments, out ready);
}
