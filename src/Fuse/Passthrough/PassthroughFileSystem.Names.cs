using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>Names in directories.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    /// <inheritdoc/>
    public int Lookup(RequestContext request, ulong parent, FileName name, out EntryOut entry)
    {
        entry = default;
        int result = PinDirectory(parent, out InodePin pin, out int directory);
        using (pin)
        {
            result = result < 0 ? result : Lookup(request, pin, directory, name, out entry);
        }

        if (result != -Errno.ENOENT || _rules.Negative == default)
        {
            return result;
        }

        // An entry with no node says that the name is not there, and for how long that is true (fuse.h, fuse_entry_out).
        entry = default;
        entry.EntryValidSeconds = _rules.Negative.Seconds;
        entry.EntryValidNanoseconds = _rules.Negative.Nanoseconds;
        return 0;
    }

    /// <inheritdoc/>
    public void Forget(ulong node, ulong count) => _inodes.Forget(node, count);

    /// <inheritdoc/>
    public int MakeSymbolicLink(RequestContext request, ulong parent, FileName name, byte* target, out EntryOut entry)
    {
        entry = default;
        int result = PinDirectory(parent, out InodePin pin, out int directory);
        using (pin)
        {
            result = result < 0 ? result : Become(request);
            if (result < 0)
            {
                return result;
            }

            result = PathCalls.MakeSymbolicLink(target, directory, name.Bytes);
            Return(request);
            return result < 0 ? result : Lookup(request, pin, directory, name, out entry);
        }
    }

    /// <inheritdoc/>
    public int MakeNode(RequestContext request, ulong parent, FileName name, in MakeNodeIn arguments, out EntryOut entry)
    {
        entry = default;
        int result = PinDirectory(parent, out InodePin pin, out int directory);
        using (pin)
        {
            result = result < 0 ? result : Become(request);
            if (result < 0)
            {
                return result;
            }

            result = PathCalls.MakeNode(directory, name.Bytes, Masked(request, arguments.Mode, arguments.Umask), arguments.Device);
            Return(request);
            return result < 0 ? result : Lookup(request, pin, directory, name, out entry);
        }
    }

    /// <inheritdoc/>
    public int MakeDirectory(RequestContext request, ulong parent, FileName name, in MakeDirectoryIn arguments, out EntryOut entry)
    {
        entry = default;
        int result = PinDirectory(parent, out InodePin pin, out int directory);
        using (pin)
        {
            result = result < 0 ? result : Become(request);
            if (result < 0)
            {
                return result;
            }

            result = PathCalls.MakeDirectory(directory, name.Bytes, Masked(request, arguments.Mode, arguments.Umask));
            Return(request);
            return result < 0 ? result : Lookup(request, pin, directory, name, out entry);
        }
    }

    /// <inheritdoc/>
    public int Unlink(RequestContext request, ulong parent, FileName name) => Unlink(parent, name, 0);

    /// <inheritdoc/>
    public int RemoveDirectory(RequestContext request, ulong parent, FileName name) => Unlink(parent, name, PathCalls.RemoveDirectory);

    /// <inheritdoc/>
    public int Rename(RequestContext request, ulong parent, FileName name, ulong newParent, FileName newName, uint flags)
    {
        int result = PinDirectory(parent, out InodePin pin, out int directory);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            result = PinDirectory(newParent, out InodePin newPin, out int newDirectory);
            using (newPin)
            {
                return result < 0 ? result : PathCalls.Rename(directory, name.Bytes, newDirectory, newName.Bytes, flags);
            }
        }
    }

    /// <inheritdoc/>
    public int Link(RequestContext request, ulong node, ulong newParent, FileName newName, out EntryOut entry)
    {
        entry = default;
        int result = PinInode(node, out InodePin pin, out int descriptor);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            result = PinDirectory(newParent, out InodePin newPin, out int newDirectory);
            using (newPin)
            {
                if (result < 0)
                {
                    return result;
                }

                byte* name = stackalloc byte[DescriptorName.MaximumLength];
                DescriptorName.Write(descriptor, name);
                result = PathCalls.Link(_descriptors.Value, name, newDirectory, newName.Bytes, PathCalls.Follow);
                return result < 0 ? result : Lookup(request, newPin, newDirectory, newName, out entry);
            }
        }
    }

    private int Unlink(ulong parent, FileName name, int flags)
    {
        int result = PinDirectory(parent, out InodePin pin, out int directory);
        using (pin)
        {
            return result < 0 ? result : PathCalls.Unlink(directory, name.Bytes, flags);
        }
    }

    /// <summary>Finds what a name leads to. A known inode costs one system call and is not opened.</summary>
    private int Lookup(RequestContext request, in InodePin parent, int directory, FileName name, out EntryOut entry)
    {
        entry = default;
        int result = FileStatus.Of(directory, name.Bytes, out FileStatus status);
        if (result < 0)
        {
            return result;
        }

        Place? place = _places.Find(status, -1);
        if (place is not null && _inodes.TryReference(place, status, out ulong node))
        {
            Fill(request, parent, node, place, status, out entry);
            return 0;
        }

        if (_inodes.Descriptors >= _descriptorLimit)
        {
            return -Errno.ENFILE;
        }

        int descriptor = Files.Open(directory, name.Bytes, OpenFlags.Path | OpenFlags.NoFollow);
        if (descriptor < 0)
        {
            return descriptor;
        }

        result = FileStatus.Of(descriptor, out status);
        node = 0;
        if (result == 0)
        {
            place = _places.Find(status, descriptor)!;
            node = _inodes.Reference(place, status, ref descriptor, null, verified: true);
        }

        FileDescriptor.Close(descriptor);
        if (node == 0)
        {
            return result < 0 ? result : -Errno.ENFILE;
        }

        Fill(request, parent, node, place!, status, out entry);
        return 0;
    }

    private void Fill(RequestContext request, in InodePin parent, ulong node, Place place, in FileStatus status, out EntryOut entry)
    {
        entry = new EntryOut
        {
            NodeId = node,
            EntryValidSeconds = _rules.Entries.Seconds,
            EntryValidNanoseconds = _rules.Entries.Nanoseconds,
            AttributesValidSeconds = _rules.Attributes.Seconds,
            AttributesValidNanoseconds = _rules.Attributes.Nanoseconds,
            Attributes = InodeAttributes.From(status),
        };
        if (place.Number != parent.Slot->Place && IsSubmount(request, status))
        {
            entry.Attributes.Flags |= InodeAttributes.Submount;
        }
    }

    private static bool IsSubmount(RequestContext request, in FileStatus status) =>
        request.Negotiated.Has(InitFlags.Submounts)
        && status.Type == FileStatus.Directory
        && (status.Attributes & FileStatus.MountRoot) != 0;

    /// <summary>The mode of what is made: the guest's kernel has applied the umask, unless it was agreed that we do.</summary>
    private static uint Masked(RequestContext request, uint mode, uint umask) =>
        request.Negotiated.Has(InitFlags.DontMask) ? mode & ~umask : mode;

    private int PinInode(ulong node, out InodePin pin, out int descriptor)
    {
        descriptor = -1;
        int result = _inodes.Pin(node, out pin);
        if (result < 0)
        {
            return result;
        }

        descriptor = _inodes.Descriptor(pin);
        return Math.Min(descriptor, 0);
    }

    /// <summary>Begins to use a directory. ENOTDIR for anything else, so that no other inode is ever a starting point.</summary>
    private int PinDirectory(ulong node, out InodePin pin, out int descriptor)
    {
        int result = PinInode(node, out pin, out descriptor);
        return result == 0 && pin.Slot->Type != FileStatus.Directory ? -Errno.ENOTDIR : result;
    }

    private static int Become(RequestContext request) =>
        request.Thread.Become(request.UserId, request.GroupId, request.SupplementaryGroup);

    private static void Return(RequestContext request) => request.Thread.Return(request.SupplementaryGroup is not null);
}
