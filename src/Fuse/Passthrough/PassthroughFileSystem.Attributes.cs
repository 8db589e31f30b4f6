using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.OpenFiles;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>What is known of files and of the file system.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    /// <inheritdoc/>
    public int GetAttributes(RequestContext request, ulong node, ulong? handle, out AttributesOut attributes)
    {
        attributes = default;
        int result = GetStatus(node, handle, out FileStatus status);
        if (result == 0)
        {
            Fill(node, status, out attributes);
        }

        return result;
    }

    /// <inheritdoc/>
    public int GetExtendedStatus(RequestContext request, ulong node, ulong? handle, out StatxOut status)
    {
        status = default;
        int result = GetStatus(node, handle, out status.Status);
        if (result < 0)
        {
            status = default;
            return result;
        }

        // The guest has mount numbers of its own; and of the attributes, those of the mount are not the file's.
        status.Status.Mask &= FileStatus.Basic | FileStatus.BirthTimeKnown;
        status.Status.MountId = 0;
        status.Status.UserId = _userIds.ToGuest(status.Status.UserId);
        status.Status.GroupId = _groupIds.ToGuest(status.Status.GroupId);
        WireTime valid = NoteTold(_inodes.Peek(node), status.Status);
        status.ValidSeconds = valid.Seconds;
        status.ValidNanoseconds = valid.Nanoseconds;
        return 0;
    }

    /// <inheritdoc/>
    public int SetAttributes(RequestContext request, ulong node, in SetAttributesIn change, out AttributesOut attributes)
    {
        attributes = default;
        int result = _inodes.Pin(node, out InodePin pin);
        using (pin)
        {
            OpenFilePin file = default;
            bool hasFile = result == 0 && (change.Valid & AttributeChanges.Handle) != 0;
            result = hasFile ? _open.Pin(change.Handle, node, out file) : result;
            using (file)
            {
                int descriptor = result < 0 ? result : hasFile ? file.Descriptor : DescriptorOf(pin);
                result = Math.Min(descriptor, 0);
                result = result < 0 ? result : ChangeMode(descriptor, change);
                result = result < 0 ? result : ChangeOwner(descriptor, change);
                result = result < 0 ? result : ChangeSize(request, pin, hasFile ? file.Descriptor : -1, change);
                result = result < 0 ? result : ChangeTimes(request, descriptor, change);
                FileStatus status = default;
                result = result < 0 ? result : FileStatus.Of(descriptor, out status);
                if (result == 0)
                {
                    Fill(node, status, out attributes);
                }

                return result;
            }
        }
    }

    /// <inheritdoc/>
    public int Access(RequestContext request, ulong node, uint mask)
    {
        const uint ExecuteByAnyone = 0x49;
        int result = GetStatus(node, null, out FileStatus status);
        if (result < 0 || mask == 0)
        {
            return result;
        }

        if (request.UserId == 0)
        {
            bool executes = (mask & 1) == 0 || status.Type == FileStatus.Directory || (status.Mode & ExecuteByAnyone) != 0;
            return executes ? 0 : -Errno.EACCES;
        }

        InodeAttributes seen = AttributesOf(status);
        int shift = request.UserId == seen.UserId ? 6 : request.GroupId == seen.GroupId ? 3 : 0;
        return (((uint)status.Mode >> shift) & mask & 7) == (mask & 7) ? 0 : -Errno.EACCES;
    }

    /// <inheritdoc/>
    public nint ReadLink(RequestContext request, ulong node, byte* buffer, uint size)
    {
        int result = PinInode(node, out InodePin pin, out int descriptor);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            return pin.Slot->Type == FileStatus.SymbolicLink ? PathCalls.ReadLink(descriptor, buffer, size) : -Errno.EINVAL;
        }
    }

    /// <inheritdoc/>
    public int GetFileSystemStatus(RequestContext request, ulong node, out FileSystemStatusOut status)
    {
        status = default;
        int result = PinInode(node, out InodePin pin, out int descriptor);
        using (pin)
        {
            FileSystemStatus host = default;
            result = result < 0 ? result : FileSystemStatus.Of(descriptor, out host);
            if (result < 0)
            {
                return result;
            }

            status = new FileSystemStatusOut
            {
                Blocks = host.Blocks,
                FreeBlocks = host.FreeBlocks,
                AvailableBlocks = host.AvailableBlocks,
                Files = host.Files,
                FreeFiles = host.FreeFiles,
                BlockSize = (uint)host.BlockSize,
                NameLength = (uint)Math.Min(host.NameLength, FileName.MaximumLength),
                FragmentSize = (uint)host.FragmentSize,
            };
            return 0;
        }
    }

    /// <inheritdoc/>
    public int SyncFileSystem(RequestContext request, ulong node)
    {
        if (!request.MayBlock)
        {
            return FileSystemResult.WouldBlock;
        }

        int result = _inodes.Pin(node, out InodePin pin);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            int mount = _mounts[pin.Slot->Mount].Descriptor;
            return mount < 0 ? 0 : Files.SyncFileSystem(mount);
        }
    }

    private int GetStatus(ulong node, ulong? handle, out FileStatus status)
    {
        status = default;
        int result;
        if (handle is not null)
        {
            result = _open.Pin(handle.Value, node, out OpenFilePin file);
            using (file)
            {
                return result < 0 ? result : FileStatus.Of(file.Descriptor, out status);
            }
        }

        result = PinInode(node, out InodePin pin, out int descriptor);
        using (pin)
        {
            return result < 0 ? result : FileStatus.Of(descriptor, out status);
        }
    }

    private void Fill(ulong node, in FileStatus status, out AttributesOut attributes)
    {
        WireTime valid = NoteTold(_inodes.Peek(node), status);
        attributes = new AttributesOut
        {
            ValidSeconds = valid.Seconds,
            ValidNanoseconds = valid.Nanoseconds,
            Attributes = AttributesOf(status),
        };
    }

    /// <summary>What the guest is told of a file.</summary>
    private InodeAttributes AttributesOf(in FileStatus status)
    {
        InodeAttributes attributes = InodeAttributes.From(status);
        attributes.UserId = _userIds.ToGuest(attributes.UserId);
        attributes.GroupId = _groupIds.ToGuest(attributes.GroupId);
        return attributes;
    }

    private int ChangeMode(int descriptor, in SetAttributesIn change)
    {
        const uint PermissionMask = 0xFFF;
        if ((change.Valid & AttributeChanges.Mode) == 0)
        {
            return 0;
        }

        int result = CheckMode(descriptor, change.Mode);
        result = result < 0 ? result : PathCalls.ChangeMode(descriptor, change.Mode & PermissionMask);
        if (result != -Errno.ENOSYS)
        {
            return result;
        }

        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        return PathCalls.ChangeMode(_descriptors.Value, name, change.Mode & PermissionMask);
    }

    private int ChangeOwner(int descriptor, in SetAttributesIn change)
    {
        if ((change.Valid & (AttributeChanges.UserId | AttributeChanges.GroupId)) == 0)
        {
            return 0;
        }

        uint? groupId = null;
        int result = TryToHost(_userIds, (change.Valid & AttributeChanges.UserId) != 0, change.UserId, out uint? userId);
        result = result < 0 ? result : TryToHost(_groupIds, (change.Valid & AttributeChanges.GroupId) != 0, change.GroupId, out groupId);
        result = result < 0 ? result : DropRenamedCapability(descriptor);
        return result < 0 ? result : PathCalls.ChangeOwner(descriptor, userId, groupId);
    }

    /// <summary>A new owner's id on the host, or null where none is asked for. EINVAL for the id that is none, as chown(2) answers.</summary>
    private static int TryToHost(IdMap map, bool isAsked, uint id, out uint? hostId)
    {
        int result = isAsked ? map.TryToHost(id, out id) : 0;
        hostId = isAsked ? id : null;
        return result == -Errno.EOVERFLOW ? -Errno.EINVAL : result;
    }

    private int ChangeSize(RequestContext request, in InodePin pin, int openDescriptor, in SetAttributesIn change)
    {
        if ((change.Valid & AttributeChanges.Size) == 0)
        {
            return 0;
        }

        if (pin.Slot->Type != FileStatus.Regular)
        {
            return pin.Slot->Type == FileStatus.Directory ? -Errno.EISDIR : -Errno.EINVAL;
        }

        if (change.Size > long.MaxValue)
        {
            return -Errno.EFBIG;
        }

        int opened = openDescriptor >= 0 ? -1 : _inodes.Opener.Open(pin, _descriptors.Value, OpenFlags.WriteOnly | OpenFlags.NonBlock);
        int descriptor = openDescriptor >= 0 ? openDescriptor : opened;
        if (descriptor < 0)
        {
            return descriptor;
        }

        int dropped = DropRenamedCapability(pin);
        if (dropped < 0)
        {
            FileDescriptor.Close(opened);
            return dropped;
        }

        int result;
        using (SetIdLossScope loss = LoseSetId(request, (change.Valid & AttributeChanges.KillSetId) != 0))
        {
            result = loss.Error < 0 ? loss.Error : Files.Truncate(descriptor, (long)change.Size);
        }

        FileDescriptor.Close(opened);
        return result;
    }

    private int ChangeTimes(RequestContext request, int descriptor, in SetAttributesIn change)
    {
        int result = ChangeTimes(descriptor, change);

        // A guest that collects writes sends the time of the last one by itself, later, and whoever syncs next is told how that went. The
        // file may have been made immutable meanwhile, or be another's who let this user write: it keeps the time that the host gave it.
        bool isCollected = request.Negotiated.Has(InitFlags.WritebackCache)
            && (change.Valid & ~AttributeChanges.Handle) == (AttributeChanges.ModificationTime | AttributeChanges.ChangeTime);
        return result == -Errno.EPERM && isCollected ? 0 : result;
    }

    private int ChangeTimes(int descriptor, in SetAttributesIn change)
    {
        if ((change.Valid & (AttributeChanges.AccessTime | AttributeChanges.ModificationTime)) == 0)
        {
            return 0;
        }

        bool access = (change.Valid & AttributeChanges.AccessTime) != 0;
        bool modification = (change.Valid & AttributeChanges.ModificationTime) != 0;
        bool accessNow = (change.Valid & AttributeChanges.AccessTimeNow) != 0;
        bool modificationNow = (change.Valid & AttributeChanges.ModificationTimeNow) != 0;
        TimePair times = new()
        {
            AccessSeconds = (long)change.AccessTime,
            AccessNanoseconds = !access ? TimePair.Omit : accessNow ? TimePair.Now : change.AccessNanoseconds,
            ModificationSeconds = (long)change.ModificationTime,
            ModificationNanoseconds = !modification ? TimePair.Omit : modificationNow ? TimePair.Now : change.ModificationNanoseconds,
        };
        int result = PathCalls.ChangeTimes(descriptor, times);
        if (result != -Errno.EINVAL)
        {
            return result;
        }

        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        return PathCalls.ChangeTimes(_descriptors.Value, name, times);
    }
}
