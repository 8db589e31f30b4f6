using System.Collections.Concurrent;
using VirtioFs.Fuse.Budgets;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Inodes;

/// <summary>The devices and mounts met inside of a share; most shares have one.</summary>
internal sealed unsafe class PlaceTable : IDisposable
{
    private const long Nfs = 0x6969, Smb2 = 0xFE534D42, Cifs = 0xFF534D42, Fuse = 0x65735546, NineP = 0x01021997, Ceph = 0x00c36400;
    private const long Tmpfs = 0x01021994, Ramfs = 0x858458f6, Overlay = 0x794c7630;

    private readonly Lock _lock = new();
    private readonly int _descriptors;
    private readonly FileHandleUse _handles;
    private readonly ShareBudget _budget;
    private readonly ConcurrentDictionary<PlaceKey, Place> _known = [];
    private Place[] _places = [];
    private Place? _first;

    internal PlaceTable(int descriptors, FileHandleUse handles, ShareBudget budget) =>
        (_descriptors, _handles, _budget) = (descriptors, handles, budget);

    internal Place this[int number] => Volatile.Read(ref _places)[number];

    /// <summary>The place of a file, made known when it is met for the first time.</summary>
    /// <param name="status">What statx told of the file.</param>
    /// <param name="descriptor">A path reference to it, or -1; then an unknown place answers null.</param>
    internal Place? Find(in FileStatus status, int descriptor)
    {
        PlaceKey key = PlaceKey.Of(status);
        if (_first is Place first && first.Key == key && !first.IsGone)
        {
            return first;
        }

        return _known.TryGetValue(key, out Place? place) && !place.IsGone ? place
            : descriptor < 0 ? null : Add(key, status, descriptor);
    }

    public void Dispose()
    {
        foreach (Place place in _known.Values)
        {
            place.Close();
        }

        _known.Clear();
        (_places, _first) = ([], null);
    }

    private Place Add(PlaceKey key, in FileStatus status, int descriptor)
    {
        lock (_lock)
        {
            bool isKnown = _known.TryGetValue(key, out Place? former);
            if (isKnown && !former!.IsGone)
            {
                return former;
            }

            // A place that is met again has its number again, or a guest that forgets and looks could use up numbers for ever.
            int number = former?.Number ?? _known.Count;
            int mount = number == 0 || _budget.HasRoom ? OpenMount(status, descriptor) : -1;
            _ = FileSystemStatus.Of(descriptor, out FileSystemStatus system);
            long type = system.Type & 0xFFFFFFFF;
            Place place = new(
                key,
                number,
                mount,
                _budget,
                mount >= 0 && _handles != FileHandleUse.Never && HandlesWork(descriptor, mount),
                type is Nfs or Smb2 or Cifs or Fuse or NineP or Ceph,
                type is Tmpfs or Ramfs,
                type is not Overlay);
            // Pairs with the reads in Find and in the indexer: a number is handed out only after its place is there.
            Place[] places = _places;
            if (number >= places.Length)
            {
                Array.Resize(ref places, Math.Max(4, 2 * places.Length));
            }

            Volatile.Write(ref places[number], place);
            Volatile.Write(ref _places, places);
            _known[key] = place;
            _first = number == 0 ? place : _first;
            return place;
        }
    }

    /// <summary>Opens something on the mount: only regular files and directories are ever opened.</summary>
    private int OpenMount(in FileStatus status, int descriptor)
    {
        if (status.Type is not (FileStatus.Directory or FileStatus.Regular))
        {
            return -1;
        }

        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        return Math.Max(-1, Files.Open(_descriptors, name, OpenFlags.ReadOnly | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal));
    }

    private static bool HandlesWork(int descriptor, int mount)
    {
        if (InodeHandle.Of(descriptor, out InodeHandle handle) < 0)
        {
            return false;
        }

        int again = InodeHandle.Open(mount, &handle, OpenFlags.Path);
        FileDescriptor.Close(again);
        return again >= 0;
    }
}
