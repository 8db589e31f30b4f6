using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>Open files.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    // What a guest may choose at open. O_PATH, O_TMPFILE, O_CREAT and the like are for us to use.
    private const int AdmittedOpenFlags = OpenFlags.AccessMode | OpenFlags.Append | OpenFlags.Truncate | OpenFlags.NonBlock | OpenFlags.Sync;

    /// <inheritdoc/>
    public int Open(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        open = default;
        int result = _inodes.Pin(node, out InodePin pin);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            if (pin.Slot->Type == FileStatus.Directory)
            {
                return -Errno.EISDIR;
            }

            return Open(request, pin, arguments.Flags, arguments.OpenFlags, out open);
        }
    }

    /// <inheritdoc/>
    public int Create(RequestContext request, ulong parent, FileName name, in CreateIn arguments, out CreateOut created)
    {
        created = default;
        int result = PinDirectory(parent, out InodePin pin, out int directory);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            if (!_open.HasRoom)
            {
                return -Errno.ENFILE;
            }

            result = Become(request, arguments.Umask);
            if (result < 0)
            {
                return result;
            }

            uint version = _inodes.NameVersion(pin, name);
            int flags = HostFlags(request, arguments.Flags) | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
            int descriptor = Files.Open(directory, name.Bytes, flags, arguments.Mode & 0xFFF);
            Return(request);
            if (descriptor == -Errno.EEXIST && (arguments.Flags & OpenFlags.Exclusive) == 0)
            {
                return OpenExisting(request, pin, directory, name, arguments, out created);
            }

            result = descriptor < 0 ? descriptor : TakeIn(request, pin, descriptor, out created);
            if (result == 0 && _inodes.NeedsWays(pin))
            {
                _inodes.NoteWay(created.Entry.NodeId, pin, name, version, hasMoreNames: false);
            }

            if (result < 0 && descriptor >= 0)
            {
                _ = PathCalls.Unlink(directory, name.Bytes, 0);
            }

            return result;
        }
    }

    /// <inheritdoc/>
    public int CreateTemporary(RequestContext request, ulong parent, in CreateIn arguments, out CreateOut created)
    {
        created = default;
        int result = PinDirectory(parent, out InodePin pin, out int directory);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            if (!_open.HasRoom)
            {
                return -Errno.ENFILE;
            }

            result = Become(request, arguments.Umask);
            if (result < 0)
            {
                return result;
            }

            ReadOnlySpan<byte> here = ".\0"u8;
            int flags = (HostFlags(request, arguments.Flags) & ~OpenFlags.Truncate) | OpenFlags.TemporaryFile | (int)(arguments.Flags & OpenFlags.Exclusive);
            int descriptor;
            fixed (byte* dot = here)
            {
                descriptor = Files.Open(directory, dot, flags, arguments.Mode & 0xFFF);
            }

            Return(request);
            return descriptor < 0 ? descriptor : TakeIn(request, pin, descriptor, out created);
        }
    }

    /// <inheritdoc/>
    public nint Read(RequestContext request, ulong node, in ReadIn arguments, ReadOnlySpan<IoVec> target)
    {
        int result = _open.Pin(arguments.Handle, false, out OpenFilePin file);
        using (file)
        {
            if (result < 0)
            {
                return result;
            }

            if (arguments.Offset > (ulong)(long.MaxValue - arguments.Size))
            {
                return -Errno.EINVAL;
            }

            // A file system in memory has no RWF_NOWAIT, and nothing to wait for.
            return request.Patience != Patience.None || _places[file.File->Place].IsMemory
                ? ReadFully(file.Descriptor, target, arguments, 0)
                : ReadWithoutWaiting(file, target, arguments);
        }
    }

    /// <inheritdoc/>
    public nint Write(RequestContext request, ulong node, in WriteIn arguments, ReadOnlySpan<IoVec> source)
    {
        int result = _open.Pin(arguments.Handle, false, out OpenFilePin file);
        using (file)
        {
            if (result < 0)
            {
                return result;
            }

            if (arguments.Offset > (ulong)(long.MaxValue - arguments.Size))
            {
                return -Errno.EFBIG;
            }

            if (!request.MayBlock && (arguments.Flags & OpenFlags.Sync) != 0)
            {
                return FileSystemResult.WouldBlock;
            }

            result = DropRenamedCapability(node);
            if (result < 0)
            {
                return result;
            }

            bool kill = (arguments.WriteFlags & WriteIn.KillSetId) != 0;
            result = kill ? DropSetId(request) : 0;
            if (result < 0)
            {
                return result;
            }

            nint written = (arguments.WriteFlags & WriteIn.FromCache) != 0
                ? WritePages(file.Descriptor, source, arguments)
                : WriteFully(file.Descriptor, source, arguments);
            NoteOwnChange(node);
            KeepSetIdAgain(request, kill);
            return written;
        }
    }

    /// <inheritdoc/>
    public int Flush(RequestContext request, ulong node, in FlushIn arguments)
    {
        int result = _open.Pin(arguments.Handle, false, out OpenFilePin file);
        using (file)
        {
            if (result < 0)
            {
                return result;
            }

            if (_options.PosixLocks == LockScope.Host)
            {
                _locks.GiveUpAll(node, arguments.LockOwner);
            }

            if (!_places[file.File->Place].FlushesAtClose)
            {
                return 0;
            }

            if (!request.MayBlock)
            {
                return FileSystemResult.WouldBlock;
            }

            // Closing any descriptor of an open file makes these file systems send what they hold, and report what went wrong.
            int copy = Files.Duplicate(file.Descriptor);
            return copy < 0 ? copy : FileDescriptor.TryClose(copy);
        }
    }

    /// <inheritdoc/>
    public int Release(RequestContext request, ulong node, in ReleaseIn arguments)
    {
        bool unlocks = (arguments.ReleaseFlags & ReleaseIn.UnlockFlock) != 0;
        if (unlocks && _open.Pin(arguments.Handle, false, out OpenFilePin file) == 0)
        {
            // The host drops it with the description, but a process that is just being started may hold that for a moment longer.
            _ = FileLocks.Flock(file.Descriptor, FileLocks.Unlock);
            file.Dispose();
        }

        int result = _open.Release(arguments.Handle, isDirectory: false);
        _locks.GiveUpAllOf(node, arguments.Handle);
        if (unlocks)
        {
            _locks.NotifyReleased();
        }

        return result;
    }

    /// <inheritdoc/>
    public int Sync(RequestContext request, ulong node, in SyncIn arguments) => Sync(request, arguments, isDirectory: false);

    /// <inheritdoc/>
    public long Seek(RequestContext request, ulong node, in SeekIn arguments)
    {
        if (request.Negotiated.Has(InitFlags.WritebackCache))
        {
            // What the guest has not sent yet is no hole: without us it takes the whole file for data, which is always true.
            return -Errno.ENOSYS;
        }

        int result = _open.Pin(arguments.Handle, false, out OpenFilePin file);
        using (file)
        {
            return result < 0 ? result : Files.Seek(file.Descriptor, (long)arguments.Offset, (int)arguments.Whence);
        }
    }

    /// <inheritdoc/>
    public int Allocate(RequestContext request, ulong node, in AllocateIn arguments)
    {
        if (!request.MayBlock)
        {
            return FileSystemResult.WouldBlock;
        }

        int result = _open.Pin(arguments.Handle, false, out OpenFilePin file);
        using (file)
        {
            bool kill = KillsUnasked(request);
            result = result < 0 ? result : DropRenamedCapability(node);
            NoteOwnChange(node);
            result = result < 0 || !kill ? result : DropSetId(request);
            if (result < 0)
            {
                return result;
            }

            result = Files.Allocate(file.Descriptor, (int)arguments.Mode, (long)arguments.Offset, (long)arguments.Length);
            KeepSetIdAgain(request, kill);
            return result;
        }
    }

    /// <inheritdoc/>
    public nint CopyFileRange(RequestContext request, ulong node, in CopyFileRangeIn arguments)
    {
        if (!request.MayBlock)
        {
            return FileSystemResult.WouldBlock;
        }

        int result = _open.Pin(arguments.SourceHandle, false, out OpenFilePin source);
        using (source)
        {
            if (result < 0)
            {
                return result;
            }

            result = _open.Pin(arguments.TargetHandle, false, out OpenFilePin target);
            using (target)
            {
                bool kill = KillsUnasked(request);
                result = result < 0 ? result : DropRenamedCapability(arguments.TargetNodeId);
                NoteOwnChange(arguments.TargetNodeId);
                result = result < 0 || !kill ? result : DropSetId(request);
                if (result < 0)
                {
                    return result;
                }

                nint copied = Files.CopyRange(
                    source.Descriptor,
                    (long)arguments.SourceOffset,
                    target.Descriptor,
                    (long)arguments.TargetOffset,
                    (nuint)arguments.Length,
                    (uint)arguments.Flags);
                KeepSetIdAgain(request, kill);
                return copied;
            }
        }
    }

    private int Open(RequestContext request, in InodePin pin, uint guestFlags, uint openFlags, out OpenOut open)
    {
        open = default;
        if (!_open.HasRoom)
        {
            return -Errno.ENFILE;
        }

        bool truncates = (guestFlags & OpenFlags.Truncate) != 0;
        int dropped = truncates ? DropRenamedCapability(pin) : 0;
        if (dropped < 0)
        {
            return dropped;
        }

        bool kill = (openFlags & OpenIn.KillSetId) != 0
            || (truncates && request.UserId != 0 && !request.Negotiated.Has(InitFlags.HandleKillPrivileges2));
        int descriptor = kill ? DropSetId(request) : 0;
        if (descriptor == 0)
        {
            descriptor = OpenInode(pin, HostFlags(request, guestFlags));
            KeepSetIdAgain(request, kill);
        }

        if (descriptor < 0)
        {
            return descriptor;
        }

        open.Flags = _rules.OpenFile;
        open.Handle = _open.Add(descriptor, pin.Slot->Place, isDirectory: false);
        pin.Slot->LastOpen = open.Handle;
        return open.Handle == 0 ? -Errno.ENFILE : 0;
    }

    /// <summary>Opens an inode; where nothing may be changed, so that reading leaves its access time alone too, if the host lets us.</summary>
    private int OpenInode(in InodePin pin, int flags)
    {
        int descriptor = _options.ReadOnly ? _inodes.Open(pin, _descriptors.Value, flags | OpenFlags.NoAccessTime) : -Errno.EPERM;
        return descriptor == -Errno.EPERM ? _inodes.Open(pin, _descriptors.Value, flags) : descriptor;
    }

    private int OpenExisting(
        RequestContext request, in InodePin parent, int directory, FileName name, in CreateIn arguments, out CreateOut created)
    {
        created = default;
        int result = Lookup(request, parent, directory, name, out created.Entry);
        if (result < 0)
        {
            return result;
        }

        result = _inodes.Pin(created.Entry.NodeId, out InodePin pin);
        using (pin)
        {
            result = result < 0 ? result : Open(request, pin, arguments.Flags, arguments.OpenFlags, out created.Open);
        }

        if (result < 0)
        {
            _inodes.Forget(created.Entry.NodeId, 1);
        }

        return result;
    }

    /// <summary>Makes a file known that was just made and is open; its descriptor is the table's from here on.</summary>
    private int TakeIn(RequestContext request, in InodePin parent, int descriptor, out CreateOut created)
    {
        created = default;
        int result = FileStatus.Of(descriptor, out FileStatus status);
        ulong node = 0;
        Place? place = null;
        if (result == 0)
        {
            place = _places.Find(status, descriptor)!;
            node = Reference(place, status, descriptor);
        }

        if (node == 0)
        {
            FileDescriptor.Close(descriptor);
            return result < 0 ? result : -Errno.ENFILE;
        }

        ulong handle = _open.Add(descriptor, place!.Number, isDirectory: false);
        if (handle == 0)
        {
            _inodes.Forget(node, 1);
            return -Errno.ENFILE;
        }

        _inodes.Peek(node)->LastOpen = handle;
        result = request.SecurityName is null ? 0 : SetLabel(request, node);
        if (result < 0)
        {
            _ = _open.Release(handle, isDirectory: false);
            _inodes.Forget(node, 1);
            return result;
        }

        Fill(request, parent, node, place, status, out created.Entry);
        created.Open = new OpenOut { Handle = handle, Flags = _rules.OpenFile };
        return 0;
    }

    /// <summary>Makes an open file's inode known: by its handle, which costs no descriptor, or else by a path reference.</summary>
    private ulong Reference(Place place, in FileStatus status, int descriptor)
    {
        int reference = -1;
        if (place.HasHandles && InodeHandle.Of(descriptor, out InodeHandle handle) == 0)
        {
            return _inodes.Reference(place, status, ref reference, &handle, verified: true);
        }

        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        reference = Files.Open(_descriptors.Value, name, OpenFlags.Path);
        ulong node = reference < 0 ? 0 : _inodes.Reference(place, status, ref reference, null, verified: true);
        FileDescriptor.Close(reference);
        return node;
    }

    /// <summary>The flags of the host's open for those of a guest's.</summary>
    private int HostFlags(RequestContext request, uint guestFlags)
    {
        int admitted = AdmittedOpenFlags
            | (_options.AllowDirectIo ? OpenFlags.Direct : 0)
            | (_options.PreserveNoAccessTime ? OpenFlags.NoAccessTime : 0);
        int flags = (int)guestFlags & admitted;
        if (!request.Negotiated.Has(InitFlags.WritebackCache))
        {
            return flags;
        }

        // With writeback the guest reads pages to complete them, and knows itself where the end is (fuse-io.rst).
        flags &= ~OpenFlags.Append;
        return (flags & OpenFlags.AccessMode) == OpenFlags.WriteOnly ? (flags & ~OpenFlags.AccessMode) | OpenFlags.ReadWrite : flags;
    }

    private static nint ReadWithoutWaiting(in OpenFilePin file, ReadOnlySpan<IoVec> target, in ReadIn arguments)
    {
        nint read = ReadFully(file.Descriptor, target, arguments, Files.NoWait);
        if (read == arguments.Size || (read < 0 && read is not (-Errno.EAGAIN or -Errno.EOPNOTSUPP)))
        {
            return read;
        }

        // Fewer bytes: the end of the file, or of what is in memory. One more byte tells.
        byte next;
        IoVec piece = new((nint)(&next), 1);
        return read >= 0 && Files.Read(file.Descriptor, new ReadOnlySpan<IoVec>(in piece), (long)arguments.Offset + read, Files.NoWait) == 0
            ? read
            : FileSystemResult.WouldBlock;
    }

    /// <summary>
    /// Reads all pieces, to the end of the file at most. To a guest's page cache fewer bytes are the file's end, and the rest zeroes,
    /// so a disk's error must not look like that: it wins over what was read before it, unless the guest's program reads past the cache.
    /// </summary>
    private static nint ReadFully(int descriptor, ReadOnlySpan<IoVec> target, in ReadIn arguments, int flags)
    {
        const int Sector = 512;
        nint total = 0;
        IoVecCursor left = new(target);
        while (!left.IsAtEnd)
        {
            nint read = Files.Read(descriptor, left.Next, (long)arguments.Offset + total, flags);
            if (read < 0)
            {
                return total > 0 && (arguments.Flags & OpenFlags.Direct) != 0 ? total : read;
            }

            total += read;
            bool isShort = !left.Advance(read);
            // Only a file's end lies inside of a sector, so that most need not be asked for once more.
            if (read == 0 || (isShort && ((long)arguments.Offset + total) % Sector != 0))
            {
                return total;
            }
        }

        return total;
    }

    /// <summary>
    /// Writes pages that a guest has collected, or that a program has mapped. They have their place however the file is open: O_APPEND
    /// would move them, and O_DIRECT does not take the last one, which ends where the file ends.
    /// </summary>
    private nint WritePages(int descriptor, ReadOnlySpan<IoVec> source, in WriteIn arguments)
    {
        nint written;
        if (!Files.Appends(descriptor))
        {
            written = WriteFully(descriptor, source, arguments);
            return written == -Errno.EINVAL && Files.LeaveDirect(descriptor) ? WriteFully(descriptor, source, arguments) : written;
        }

        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        int inPlace = Files.Open(_descriptors.Value, name, OpenFlags.WriteOnly | OpenFlags.NoControllingTerminal);
        written = inPlace < 0 ? inPlace : WriteFully(inPlace, source, arguments);
        FileDescriptor.Close(inPlace);
        return written;
    }

    /// <summary>
    /// Writes pieces. To a guest's page cache fewer bytes are as good as all (<c>fuse_writepage_end</c>, <c>fs/fuse/file.c</c>), so what it
    /// sends is written wholly, or else answers the error; programs are told how much was written.
    /// </summary>
    private static nint WriteFully(int descriptor, ReadOnlySpan<IoVec> source, in WriteIn arguments)
    {
        bool isWholeOrError = (arguments.WriteFlags & WriteIn.FromCache) != 0;
        nint total = 0;
        IoVecCursor left = new(source);
        while (!left.IsAtEnd)
        {
            nint written = Files.Write(descriptor, left.Next, (long)arguments.Offset + total);
            if (written < 0)
            {
                return total > 0 && !isWholeOrError ? total : written;
            }

            total += written;
            bool isShort = !left.Advance(written);
            if (isShort && (written == 0 || !isWholeOrError))
            {
                return isWholeOrError ? -Errno.EIO : total;
            }
        }

        return total;
    }

    private int Sync(RequestContext request, in SyncIn arguments, bool isDirectory)
    {
        if (!request.MayBlock)
        {
            return FileSystemResult.WouldBlock;
        }

        int result = _open.Pin(arguments.Handle, isDirectory, out OpenFilePin file);
        using (file)
        {
            if (result < 0)
            {
                return result;
            }

            return (arguments.Flags & SyncIn.DataOnly) != 0 ? Files.SyncData(file.Descriptor) : Files.Sync(file.Descriptor);
        }
    }
}
