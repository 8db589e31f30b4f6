using VirtioFs.Fuse.Budgets;
using VirtioFs.Fuse.Passthrough.Slots;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.OpenFiles;

/// <summary>The files and directories that a guest holds open. A handle is a slot's number with its generation, found without locks.</summary>
internal sealed unsafe class OpenFileTable(ShareBudget descriptors, int budget) : IDisposable
{
    private readonly SlotMemory<OpenFile> _slots = new();
    private int _count;

    /// <summary>How many are open.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>How many may be open.</summary>
    internal int Budget => budget;

    /// <summary>Whether one more may be opened. Asked before opening, so that a hoarding guest never costs the host its last descriptor.</summary>
    internal bool HasRoom => Volatile.Read(ref _count) < budget && descriptors.HasRoom;

    /// <summary>Takes an open descriptor in. Answers the handle, never 0; or 0 when there are too many, and then the descriptor is closed.</summary>
    internal ulong Add(int descriptor, ulong node, int mount, bool isDirectory)
    {
        int index = Interlocked.Increment(ref _count) <= budget ? _slots.Take() : 0;
        if (index == 0)
        {
            _ = Interlocked.Decrement(ref _count);
            FileDescriptor.Close(descriptor);
            return 0;
        }

        descriptors.Take();
        OpenFile* file = _slots[index];
        file->Descriptor = descriptor;
        file->Node = node;
        file->Mount = mount;
        file->IsDirectory = isDirectory;
        file->HostOffset = 0;
        file->Flock = 0;
        SlotLifetime.Open(ref file->Lifetime);
        return ((ulong)SlotLifetime.Generation(file->Lifetime) << 32) | (uint)index;
    }

    /// <summary>
    /// Begins to use an open file. EBADF for a handle that is not open, is of the other kind, or was opened as another node than the one
    /// that the request names with it.
    /// </summary>
    internal int Pin(ulong handle, ulong node, bool isDirectory, out OpenFilePin pin)
    {
        int result = Pin(handle, node, out pin);
        if (result < 0 || pin.File->IsDirectory == isDirectory)
        {
            return result;
        }

        pin.Dispose();
        pin = default;
        return -Errno.EBADF;
    }

    /// <summary>Begins to use an open file or directory. EBADF for a handle that is not open, or was opened as another node.</summary>
    internal int Pin(ulong handle, ulong node, out OpenFilePin pin)
    {
        OpenFile* file = _slots[(int)(uint)handle];
        if (file is null || !SlotLifetime.TryPin(ref file->Lifetime, (uint)(handle >> 32)))
        {
            pin = default;
            return -Errno.EBADF;
        }

        pin = new OpenFilePin(this, (int)(uint)handle, file);
        if (file->Node == node)
        {
            return 0;
        }

        pin.Dispose();
        pin = default;
        return -Errno.EBADF;
    }

    internal void Unpin(int index, OpenFile* file)
    {
        if (SlotLifetime.Unpin(ref file->Lifetime))
        {
            Free(index, file);
        }
    }

    /// <summary>Closes a handle, at the latest when its last use ends. EBADF when it is not open as this node.</summary>
    internal int Release(ulong handle, ulong node, bool isDirectory)
    {
        int result = Pin(handle, node, isDirectory, out OpenFilePin pin);
        if (result < 0)
        {
            return result;
        }

        // Our own pin keeps Retire from being the last; the pin's end frees it, for one of several releases at once.
        _ = SlotLifetime.Retire(ref pin.File->Lifetime);
        pin.Dispose();
        return 0;
    }

    /// <summary>One more than the highest number of a handle's slot so far.</summary>
    internal int End => _slots.End;

    /// <summary>Begins to use what a slot holds, whatever that is. False when it holds nothing.</summary>
    internal bool TryPinSlot(int index, out ulong handle, out OpenFilePin pin)
    {
        OpenFile* file = _slots[index];
        uint generation = file is null ? 0 : SlotLifetime.Generation(Volatile.Read(ref file->Lifetime));
        if (file is null || !SlotLifetime.TryPin(ref file->Lifetime, generation))
        {
            handle = 0;
            pin = default;
            return false;
        }

        handle = ((ulong)generation << 32) | (uint)index;
        pin = new OpenFilePin(this, index, file);
        return true;
    }

    /// <summary>Closes all.</summary>
    internal void Clear()
    {
        int end = _slots.End;
        for (int index = 1; index < end; index++)
        {
            OpenFile* file = _slots[index];
            if (SlotLifetime.IsLive(Volatile.Read(ref file->Lifetime)) && SlotLifetime.Retire(ref file->Lifetime))
            {
                Free(index, file);
            }
        }
    }

    public void Dispose()
    {
        Clear();
        _slots.Dispose();
    }

    private void Free(int index, OpenFile* file)
    {
        FileDescriptor.Close(file->Descriptor);
        descriptors.Give();
        SlotLifetime.Close(ref file->Lifetime);
        _slots.Free(index);
        _ = Interlocked.Decrement(ref _count);
    }
}
