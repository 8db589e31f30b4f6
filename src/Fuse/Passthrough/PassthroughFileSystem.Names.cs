using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.OpenFiles;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

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

        if (result != -Errno.ENOENT || _rules.Negative == default || IsLocked(parent))
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

                result = Link(pin, descriptor, newDirectory, newName);
                return result < 0 ? result : Lookup(request, newPin, newDirectory, newName, out entry);
            }
        }
    }

    private int Link(in InodePin pin, int descriptor, int newDirectory, FileName newName)
    {
        int result = LinkDescriptor(descriptor, newDirectory, newName);
        if (result is not (-Errno.EXDEV or -Errno.EACCES) || !_inodes.Opener.MayBeUnconnected(pin))
        {
            return result;
        }

        int reference = _inodes.Opener.OpenConnected(pin, _descriptors.Value);
        if (reference < 0)
        {
            return reference;
        }

        result = LinkDescriptor(reference, newDirectory, newName);
        FileDescriptor.Close(reference);
        return result;
    }

    private int LinkDescriptor(int descriptor, int newDirectory, FileName newName)
    {
        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        return PathCalls.Link(_descriptors.Value, name, newDirectory, newName.Bytes, PathCalls.Follow);
    }

    /// <summary>Finds what a name leads to. A known inode costs one system call and is not opened.</summary>
    private int Lookup(RequestContext request, in InodePin parent, int directory, FileName name, out EntryOut entry, int attempt = 1)
    {
        const int MostAttempts = 8;
        entry = default;
        uint version = _inodes.Names.NameVersion(parent, name);
        int result = FileStatus.Of(directory, name.Bytes, out FileStatus status);
        if (result < 0 || IsHidden(status))
        {
            return result < 0 ? result : -Errno.ENOENT;
        }

        HostMount? mount = _mounts.Find(status, -1);
        if (mount is not null && _inodes.TryReference(mount, status, out ulong node))
        {
            Fill(request, parent, name, version, node, mount, status, out entry);
            return 0;
        }

        // Where there are file handles, an inode can do without a descriptor of its own.
        bool keepsDescriptor = _budget.HasRoom || (mount is not { HasHandles: true } && _inodes.Clock.MakeRoom());
        if (!keepsDescriptor && mount is not { HasHandles: true })
        {
            return -Errno.ENFILE;
        }

        int descriptor = Files.Open(directory, name.Bytes, OpenFlags.Path | OpenFlags.NoFollow);
        if (descriptor < 0)
        {
            return descriptor;
        }

        // Another file may go by the name by now.
        result = FileStatus.Of(descriptor, out status);
        result = result == 0 && IsHidden(status) ? -Errno.ENOENT : result;
        node = 0;
        if (result == 0)
        {
            mount = _mounts.Find(status, descriptor)!;
            bool mayHold = mount.HasHandles || _options.FileHandles != FileHandleUse.Mandatory;
            result = mayHold ? 0 : -Errno.EOPNOTSUPP;
            node = !mayHold ? 0
                : keepsDescriptor ? _inodes.Reference(mount, status, ref descriptor, null, verified: true)
                : ReferenceByHandle(mount, status, descriptor);
        }

        FileDescriptor.Close(descriptor);
        if (node == 0 && mount is { IsGone: true } && attempt < MostAttempts)
        {
            // Its last inode went just now; the next look makes the place known anew.
            return Lookup(request, parent, directory, name, out entry, attempt + 1);
        }

        if (node == 0)
        {
            mount?.CloseIfUnused();
            return result < 0 ? result : -Errno.ENFILE;
        }

        Fill(request, parent, name, version, node, mount!, status, out entry);
        return 0;
    }

    private bool IsHidden(in FileStatus status) => KnowsOnlyFiles && status.Type != FileStatus.Regular;

    /// <summary>Tells of an inode that was found by a name, and notes by which.</summary>
    private void Fill(
        RequestContext request, in InodePin parent, FileName name, uint version, ulong node, HostMount mount, in FileStatus status, out EntryOut entry)
    {
        if (!mount.HasHandles)
        {
            _inodes.Names.Note(node, parent, name, version, hasMoreNames: status.LinkCount > 1);
        }

        Fill(request, parent, node, mount, status, out entry);
    }

    private void Fill(RequestContext request, in InodePin parent, ulong node, HostMount mount, in FileStatus status, out EntryOut entry)
    {
        InodeSlot* slot = _inodes.Peek(node);
        slot->Parent = parent.Index;
        WireTime attributesValid = NoteTold(slot, status);
        WireTime entryValid = parent.Slot->IsLocked ? default : _rules.Entries;
        entry = new EntryOut
        {
            NodeId = node,
            EntryValidSeconds = entryValid.Seconds,
            EntryValidNanoseconds = entryValid.Nanoseconds,
            AttributesValidSeconds = attributesValid.Seconds,
            AttributesValidNanoseconds = attributesValid.Nanoseconds,
            Attributes = AttributesOf(status),
        };
        if (mount.Number != parent.Slot->Mount && IsSubmount(request, status))
        {
            entry.Attributes.Flags |= InodeAttributes.Submount;
        }
    }

    private static bool IsSubmount(RequestContext request, in FileStatus status) =>
        request.Negotiated.Has(InitFlags.Submounts)
        && status.Type == FileStatus.Directory
        && (status.Attributes & FileStatus.MountRoot) != 0;

    private int PinInode(ulong node, out InodePin pin, out int descriptor)
    {
        descriptor = -1;
        int result = _inodes.Pin(node, out pin);
        if (result < 0)
        {
            return result;
        }

        descriptor = DescriptorOf(pin);
        return Math.Min(descriptor, 0);
    }

    private int DescriptorOf(in InodePin pin)
    {
        int descriptor = _inodes.Descriptor(pin);
        return descriptor == -Errno.ESTALE ? FindByOpenFile(pin) : descriptor;
    }

    /// <summary>A way to a file that has no name any more, on file systems that do not find such a file by its handle: it is still open.</summary>
    private int FindByOpenFile(in InodePin pin)
    {
        int result = _open.Pin(pin.Slot->LastOpen, pin.Node, out OpenFilePin file);
        using (file)
        {
            if (result < 0 || !_inodes.Proof.IsTheSame(pin.Slot, file.Descriptor))
            {
                return -Errno.ESTALE;
            }

            byte* name = stackalloc byte[DescriptorName.MaximumLength];
            DescriptorName.Write(file.Descriptor, name);
            int descriptor = Files.Open(_descriptors.Value, name, OpenFlags.Path);
            return descriptor < 0 ? descriptor : _inodes.Clock.Adopt(pin, descriptor);
        }
    }

    /// <summary>Begins to use a directory. ENOTDIR for anything else, so that no other inode is ever a starting point.</summary>
    private int PinDirectory(ulong node, out InodePin pin, out int descriptor)
    {
        int result = PinInode(node, out pin, out descriptor);
        return result == 0 && pin.Slot->Type != FileStatus.Directory ? -Errno.ENOTDIR : result;
    }
}
