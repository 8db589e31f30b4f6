using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>
/// Names that go away. An inode that loses its last one is opened before where the guest may still have to do with it: where inodes are
/// found again by their names, where the guest sends times later that it has collected (writeback), and directories, in which its
/// programs may be. One that gets another name is followed where names matter.
/// </summary>
public sealed unsafe partial class PassthroughFileSystem
{
    // RENAME_NOREPLACE and RENAME_EXCHANGE (linux/fs.h).
    private const uint NoReplace = 1, Exchange = 2;

    /// <inheritdoc/>
    public int Unlink(RequestContext request, ulong parent, FileName name) =>
        Unlink(parent, name, 0, request.Negotiated.Has(InitFlags.WritebackCache));

    /// <inheritdoc/>
    public int RemoveDirectory(RequestContext request, ulong parent, FileName name) =>
        Unlink(parent, name, PathCalls.RemoveDirectory, holds: true);

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
                if (result < 0)
                {
                    return result;
                }

                if (_inodes.Names.AreNeededIn(pin) && _inodes.Names.AreNeededIn(newPin))
                {
                    return RenameAndFollow(pin, directory, name, newPin, newDirectory, newName, flags);
                }

                bool replaces = (flags & (NoReplace | Exchange)) == 0;
                using InodePin replaced = replaces && request.Negotiated.Has(InitFlags.WritebackCache) ? HoldLastName(newPin, newDirectory, newName) : default;
                result = PathCalls.Rename(directory, name.Bytes, newDirectory, newName.Bytes, flags);
                InodeTable.NoteNameless(replaced, result == 0);
                return result;
            }
        }
    }

    private int Unlink(ulong parent, FileName name, int flags, bool holds)
    {
        int result = PinDirectory(parent, out InodePin pin, out int directory);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            if (_inodes.Names.AreNeededIn(pin))
            {
                return UnlinkAndForgetWay(pin, directory, name, flags);
            }

            using InodePin known = holds ? HoldLastName(pin, directory, name) : default;
            result = PathCalls.Unlink(directory, name.Bytes, flags);
            InodeTable.NoteNameless(known, result == 0);
            return result;
        }
    }

    /// <summary>Opens what a name leads to and the guest knows, if that has no other name.</summary>
    private InodePin HoldLastName(in InodePin parent, int directory, FileName name)
    {
        InodePin pin = _inodes.PinNamed(directory, name, out FileStatus status);
        if (status.LinkCount > 1 && status.Type != FileStatus.Directory)
        {
            pin.Dispose();
            return default;
        }

        _inodes.Names.HoldWithoutName(pin, parent, directory, name);
        return pin;
    }

    private int UnlinkAndForgetWay(in InodePin parent, int directory, FileName name, int flags)
    {
        using InodePin known = _inodes.PinNamed(directory, name);
        _inodes.Names.HoldWithoutName(known, parent, directory, name);
        int result = PathCalls.Unlink(directory, name.Bytes, flags);
        if (result == 0)
        {
            _inodes.Names.NoteRemoved(known, parent, name);
        }

        return result;
    }

    private int RenameAndFollow(
        in InodePin parent, int directory, FileName name, in InodePin newParent, int newDirectory, FileName newName, uint flags)
    {
        bool exchanges = (flags & Exchange) != 0;
        lock (_inodes.Names.RenameLock)
        {
            using InodePin moved = _inodes.PinNamed(directory, name);
            using InodePin replaced = _inodes.PinNamed(newDirectory, newName);
            if (!exchanges)
            {
                _inodes.Names.HoldWithoutName(replaced, newParent, newDirectory, newName);
            }

            int result = PathCalls.Rename(directory, name.Bytes, newDirectory, newName.Bytes, flags);
            if (result == 0)
            {
                _inodes.Names.NoteRenamed(moved, parent, name, replaced, newParent, newName, exchanges);
            }

            return result;
        }
    }
}
