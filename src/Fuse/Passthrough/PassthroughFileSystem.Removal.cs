using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>
/// Names that go away. Where inodes are found again by their names, one that loses its name is opened before, and one that gets another
/// is followed.
/// </summary>
public sealed unsafe partial class PassthroughFileSystem
{
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
                if (result < 0)
                {
                    return result;
                }

                return _inodes.NeedsWays(pin) && _inodes.NeedsWays(newPin)
                    ? RenameAndFollow(pin, directory, name, newPin, newDirectory, newName, flags)
                    : PathCalls.Rename(directory, name.Bytes, newDirectory, newName.Bytes, flags);
            }
        }
    }

    private int Unlink(ulong parent, FileName name, int flags)
    {
        int result = PinDirectory(parent, out InodePin pin, out int directory);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            return _inodes.NeedsWays(pin) ? UnlinkAndHold(pin, directory, name, flags) : PathCalls.Unlink(directory, name.Bytes, flags);
        }
    }

    private int UnlinkAndHold(in InodePin parent, int directory, FileName name, int flags)
    {
        using InodePin known = _inodes.PinNamed(directory, name);
        _inodes.HoldWithoutName(known, parent, directory, name);
        int result = PathCalls.Unlink(directory, name.Bytes, flags);
        if (result == 0)
        {
            _inodes.NoteRemoved(known, parent, name);
        }

        return result;
    }

    private int RenameAndFollow(
        in InodePin parent, int directory, FileName name, in InodePin newParent, int newDirectory, FileName newName, uint flags)
    {
        const uint Exchange = 2;
        bool exchanges = (flags & Exchange) != 0;
        lock (_inodes.Moves)
        {
            using InodePin moved = _inodes.PinNamed(directory, name);
            using InodePin replaced = _inodes.PinNamed(newDirectory, newName);
            if (!exchanges)
            {
                _inodes.HoldWithoutName(replaced, newParent, newDirectory, newName);
            }

            int result = PathCalls.Rename(directory, name.Bytes, newDirectory, newName.Bytes, flags);
            if (result == 0)
            {
                _inodes.NoteRenamed(moved, parent, name, replaced, newParent, newName, exchanges);
            }

            return result;
        }
    }
}
