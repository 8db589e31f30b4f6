using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.OpenFiles;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>Files that a guest opens and closes.</summary>
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

            return Open(request, node, pin, arguments.Flags, arguments.OpenFlags, out open);
        }
    }

    /// <inheritdoc/>
    public int Flush(RequestContext request, ulong node, in FlushIn arguments)
    {
        int result = _open.Pin(arguments.Handle, node, isDirectory: false, out OpenFilePin file);
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

            if (!_mounts[file.File->Mount].FlushesAtClose)
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
        if (unlocks && _open.Pin(arguments.Handle, node, isDirectory: false, out OpenFilePin file) == 0)
        {
            // The host drops it with the description, but a process that is just being started may hold that for a moment longer.
            _ = FileLocks.Flock(file.Descriptor, FileLocks.Unlock);
            file.Dispose();
        }

        int result = _open.Release(arguments.Handle, node, isDirectory: false);
        if (result < 0)
        {
            return result;
        }

        _locks.GiveUpAllOf(arguments.Handle);
        if (unlocks)
        {
            _locks.NotifyFlockReleased(node);
        }

        return 0;
    }

    /// <inheritdoc/>
    public int Sync(RequestContext request, ulong node, in SyncIn arguments) => Sync(request, node, arguments, isDirectory: false);

    private int Open(RequestContext request, ulong node, in InodePin pin, uint guestFlags, uint openFlags, out OpenOut open)
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
        int descriptor;
        using (SetIdLossScope loss = LoseSetId(request, kill))
        {
            descriptor = loss.Error < 0 ? loss.Error : OpenInode(pin, HostFlags(request, guestFlags));
        }

        if (descriptor < 0)
        {
            return descriptor;
        }

        open.Flags = _rules.OpenFile;
        open.Handle = _open.Add(descriptor, node, pin.Slot->Mount, isDirectory: false);
        pin.Slot->LastOpen = open.Handle;
        return open.Handle == 0 ? -Errno.ENFILE : 0;
    }

    /// <summary>Opens an inode; where nothing may be changed, so that reading leaves its access time alone too, if the host lets us.</summary>
    private int OpenInode(in InodePin pin, int flags)
    {
        int descriptor = _options.ReadOnly ? _inodes.Opener.Open(pin, _descriptors.Value, flags | OpenFlags.NoAccessTime) : -Errno.EPERM;
        return descriptor == -Errno.EPERM ? _inodes.Opener.Open(pin, _descriptors.Value, flags) : descriptor;
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

    private int Sync(RequestContext request, ulong node, in SyncIn arguments, bool isDirectory)
    {
        if (!request.MayBlock)
        {
            return FileSystemResult.WouldBlock;
        }

        int result = _open.Pin(arguments.Handle, node, isDirectory, out OpenFilePin file);
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
