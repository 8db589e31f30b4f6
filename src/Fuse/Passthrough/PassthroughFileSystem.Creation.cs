using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>Files and directories that a guest makes: they belong to its user.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    // A file without a name has none that could be looked up again, and a guest that tries (an overlay, which goes on with the entry of the
    // file that it made so, after it has given it a name) is told that there is none, and takes its file for stale.
    private const uint UnnamedValidSeconds = uint.MaxValue;

    /// <inheritdoc/>
    public int MakeSymbolicLink(RequestContext request, ulong parent, FileName name, byte* target, out EntryOut entry)
    {
        entry = default;
        int result = PinDirectoryToMakeIn(parent, out InodePin pin, out int directory);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            using (ImpersonationScope caller = ActAsCaller(request, umask: 0))
            {
                result = caller.Error < 0 ? caller.Error : PathCalls.MakeSymbolicLink(target, directory, name.Bytes);
            }

            return result < 0 ? result : LookupMade(request, pin, directory, name, 0, out entry);
        }
    }

    /// <inheritdoc/>
    public int MakeNode(RequestContext request, ulong parent, FileName name, in MakeNodeIn arguments, out EntryOut entry)
    {
        entry = default;
        int result = CheckMaking(arguments.Mode, arguments.Device);
        if (result < 0)
        {
            return result;
        }

        result = PinDirectoryToMakeIn(parent, out InodePin pin, out int directory);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            using (ImpersonationScope caller = ActAsCaller(request, arguments.Umask))
            {
                result = caller.Error < 0 ? caller.Error : PathCalls.MakeNode(directory, name.Bytes, arguments.Mode, arguments.Device);
            }

            return result < 0 ? result : LookupMade(request, pin, directory, name, 0, out entry);
        }
    }

    /// <inheritdoc/>
    public int MakeDirectory(RequestContext request, ulong parent, FileName name, in MakeDirectoryIn arguments, out EntryOut entry)
    {
        entry = default;
        int result = PinDirectoryToMakeIn(parent, out InodePin pin, out int directory);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            using (ImpersonationScope caller = ActAsCaller(request, arguments.Umask))
            {
                result = caller.Error < 0 ? caller.Error : PathCalls.MakeDirectory(directory, name.Bytes, arguments.Mode);
            }

            return result < 0 ? result : LookupMade(request, pin, directory, name, PathCalls.RemoveDirectory, out entry);
        }
    }

    /// <inheritdoc/>
    public int Create(RequestContext request, ulong parent, FileName name, in CreateIn arguments, out CreateOut created)
    {
        created = default;
        int result = _open.HasRoom ? CheckMaking(arguments.Mode) : -Errno.ENFILE;
        if (result < 0)
        {
            return result;
        }

        result = PinDirectoryToMakeIn(parent, out InodePin pin, out int directory);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            uint version = _inodes.Names.NameVersion(pin, name);
            int flags = HostFlags(request, arguments.Flags) | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
            int descriptor;
            using (ImpersonationScope caller = ActAsCaller(request, arguments.Umask))
            {
                descriptor = caller.Error < 0 ? caller.Error : Files.Open(directory, name.Bytes, flags, arguments.Mode & 0xFFF);
            }

            if (descriptor == -Errno.EEXIST && (arguments.Flags & OpenFlags.Exclusive) == 0)
            {
                return OpenExisting(request, pin, directory, name, arguments, out created);
            }

            result = descriptor < 0 ? descriptor : TakeIn(request, pin, descriptor, out created);
            if (result == 0 && _inodes.Names.AreNeededIn(pin))
            {
                _inodes.Names.Note(created.Entry.NodeId, pin, name, version, hasMoreNames: false);
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
        int result = _open.HasRoom ? CheckMaking(arguments.Mode) : -Errno.ENFILE;
        if (result < 0)
        {
            return result;
        }

        result = PinDirectoryToMakeIn(parent, out InodePin pin, out int directory);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            ReadOnlySpan<byte> here = ".\0"u8;
            int flags = (HostFlags(request, arguments.Flags) & ~OpenFlags.Truncate) | OpenFlags.TemporaryFile | (int)(arguments.Flags & OpenFlags.Exclusive);
            int descriptor;
            using (ImpersonationScope caller = ActAsCaller(request, arguments.Umask))
            {
                fixed (byte* dot = here)
                {
                    descriptor = caller.Error < 0 ? caller.Error : Files.Open(directory, dot, flags, arguments.Mode & 0xFFF);
                }
            }

            result = descriptor < 0 ? descriptor : TakeIn(request, pin, descriptor, out created);
            created.Entry.EntryValidSeconds = UnnamedValidSeconds;
            created.Entry.EntryValidNanoseconds = 0;
            return result;
        }
    }

    /// <summary>Begins to use a directory, unless nothing more can be made known: what is made and not known would have to go again.</summary>
    private int PinDirectoryToMakeIn(ulong parent, out InodePin pin, out int directory)
    {
        if (_inodes.HasRoom)
        {
            return PinDirectory(parent, out pin, out directory);
        }

        pin = default;
        directory = -1;
        return -Errno.ENFILE;
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
            result = result < 0 ? result : Open(request, created.Entry.NodeId, pin, arguments.Flags, arguments.OpenFlags, out created.Open);
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
        HostMount? mount = null;
        if (result == 0)
        {
            mount = _mounts.Find(status, descriptor)!;
            node = Reference(mount, status, descriptor);
        }

        if (node == 0)
        {
            FileDescriptor.Close(descriptor);
            return result < 0 ? result : -Errno.ENFILE;
        }

        ulong handle = _open.Add(descriptor, node, mount!.Number, isDirectory: false);
        if (handle == 0)
        {
            _inodes.Forget(node, 1);
            return -Errno.ENFILE;
        }

        _inodes.Peek(node)->LastOpen = handle;
        result = request.SecurityName is null ? 0 : SetLabel(request, node);
        if (result < 0)
        {
            _ = _open.Release(handle, node, isDirectory: false);
            _inodes.Forget(node, 1);
            return result;
        }

        Fill(request, parent, node, mount, status, out created.Entry);
        created.Open = new OpenOut { Handle = handle, Flags = _rules.OpenFile };
        return 0;
    }

    /// <summary>Makes an open file's inode known: by its handle, which costs no descriptor, or else by a path reference.</summary>
    private ulong Reference(HostMount mount, in FileStatus status, int descriptor)
    {
        ulong known = ReferenceByHandle(mount, status, descriptor);
        if (known != 0)
        {
            return known;
        }

        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        int reference = Files.Open(_descriptors.Value, name, OpenFlags.Path);
        ulong node = reference < 0 ? 0 : _inodes.Reference(mount, status, ref reference, null, verified: true);
        FileDescriptor.Close(reference);
        return node;
    }

    /// <summary>Makes an inode known by its handle alone. 0 where it has none that can be opened, or there are too many.</summary>
    private ulong ReferenceByHandle(HostMount mount, in FileStatus status, int descriptor)
    {
        int none = -1;
        return mount.HasHandles && InodeHandle.Of(descriptor, out InodeHandle handle) == 0
            ? _inodes.Reference(mount, status, ref none, &handle, verified: true)
            : 0;
    }

    /// <summary>Looks up what was just made, and gives it the label that the guest wants it to have; without it, it must not stay.</summary>
    private int LookupMade(RequestContext request, in InodePin parent, int directory, FileName name, int unlinkFlags, out EntryOut entry)
    {
        int result = Lookup(request, parent, directory, name, out entry);
        int labelled = result < 0 || request.SecurityName is null ? 0 : SetLabel(request, entry.NodeId);
        if (labelled < 0)
        {
            _ = PathCalls.Unlink(directory, name.Bytes, unlinkFlags);
            _inodes.Forget(entry.NodeId, 1);
            return labelled;
        }

        return result;
    }
}
