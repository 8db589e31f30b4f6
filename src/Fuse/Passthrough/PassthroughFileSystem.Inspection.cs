using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.OpenFiles;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>
/// What the session holds, for those who look on. Tables are walked as requests walk them, one entry pinned at a time, so nobody waits for
/// anybody; the table of locks alone is held, for as long as copying its bounded number of records takes.
/// </summary>
public sealed unsafe partial class PassthroughFileSystem
{
    /// <inheritdoc/>
    public SessionHoldings Inspect(SessionParts parts)
    {
        List<SessionLock> locks = [];
        if (parts.HasFlag(SessionParts.Locks))
        {
            _locks.AddTo(locks);
        }

        return new SessionHoldings
        {
            InodeCount = _inodes.Count,
            InodeDescriptorCount = _inodes.Clock.Count,
            OpenFileCount = _open.Count,
            LockDescriptorCount = _locks.Descriptors,
            Inodes = parts.HasFlag(SessionParts.Inodes) ? ListInodes() : [],
            OpenFiles = (parts & (SessionParts.OpenFiles | SessionParts.Locks)) == 0 ? [] : ListOpenFiles(parts, locks),
            Locks = locks,
        };
    }

    /// <inheritdoc/>
    public string? FindPath(ulong node)
    {
        if (_inodes.Pin(node, out InodePin pin) < 0)
        {
            return null;
        }

        using (pin)
        {
            int descriptor = Volatile.Read(ref pin.Slot->Descriptor);
            if (descriptor >= 0)
            {
                return DescriptorName.ReadPath(descriptor);
            }

            int result = _open.Pin(pin.Slot->LastOpen, node, out OpenFilePin file);
            using (file)
            {
                return result < 0 ? null : DescriptorName.ReadPath(file.Descriptor);
            }
        }
    }

    /// <inheritdoc/>
    public bool TryClose(ulong handle)
    {
        if (!_open.TryPinSlot((int)(uint)handle, out ulong present, out OpenFilePin pin))
        {
            return false;
        }

        ulong node;
        using (pin)
        {
            node = pin.File->Node;
            bool isDirectory = pin.File->IsDirectory;
            if (present != handle || _open.Release(handle, node, isDirectory) < 0)
            {
                return false;
            }

            if (isDirectory)
            {
                _streams[handle].TryEnd(handle);
            }
            else if (pin.File->Flock != 0)
            {
                _ = FileLocks.Flock(pin.Descriptor, FileLocks.Unlock);
            }
        }

        _locks.GiveUpAllOf(handle);
        _locks.NotifyFlockReleased(node);
        return true;
    }

    private List<SessionInode> ListInodes()
    {
        List<SessionInode> found = [];
        int end = _inodes.End;
        for (int index = (int)InHeader.RootId; index < end; index++)
        {
            if (!_inodes.TryPinSlot(index, out InodePin pin))
            {
                continue;
            }

            using (pin)
            {
                InodeSlot* slot = pin.Slot;
                int descriptor = Volatile.Read(ref slot->Descriptor);
                string? path = descriptor < 0 ? null : DescriptorName.ReadPath(descriptor);
                found.Add(new SessionInode(pin.Node, Volatile.Read(ref slot->Lookups), slot->Inode, slot->Type, path));
            }
        }

        return found;
    }

    private List<SessionFile> ListOpenFiles(SessionParts parts, List<SessionLock> locks)
    {
        List<SessionFile> found = [];
        int end = _open.End;
        for (int index = 1; index < end; index++)
        {
            if (!_open.TryPinSlot(index, out ulong handle, out OpenFilePin pin))
            {
                continue;
            }

            using (pin)
            {
                if (parts.HasFlag(SessionParts.OpenFiles))
                {
                    found.Add(Describe(handle, pin));
                }

                if (parts.HasFlag(SessionParts.Locks) && pin.File->Flock is not 0 and byte kind)
                {
                    bool isWrite = kind - 1 == FileLocks.Write;
                    locks.Add(new SessionLock(
                        SessionLockKind.Flock, pin.File->Node, [handle], 0, pin.File->FlockProcessId, isWrite, IsHeld: true, 0, long.MaxValue));
                }
            }
        }

        return found;
    }

    private static SessionFile Describe(ulong handle, in OpenFilePin pin)
    {
        FileAccess access = Files.AccessMode(pin.Descriptor) switch
        {
            OpenFlags.WriteOnly => FileAccess.Write,
            OpenFlags.ReadWrite => FileAccess.ReadWrite,
            _ => FileAccess.Read,
        };
        return new SessionFile(
            handle, pin.File->Node, pin.File->IsDirectory, access, Files.Appends(pin.Descriptor), DescriptorName.ReadPath(pin.Descriptor));
    }
}
