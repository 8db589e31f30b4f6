using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>The devices and mounts met inside of a share; most shares have one.</summary>
internal sealed unsafe class PlaceTable : IDisposable
{
    private const long Nfs = 0x6969, Smb2 = 0xFE534D42, Cifs = 0xFF534D42, Fuse = 0x65735546, NineP = 0x01021997, Ceph = 0x00c36400;
    private const long Tmpfs = 0x01021994, Ramfs = 0x858458f6, Overlay = 0x794c7630;

    private readonly Lock _lock = new();
    private readonly int _descriptors;
    private readonly FileHandleUse _handles;
    private Place[] _places = [];

    internal PlaceTable(int descriptors, FileHandleUse handles) => (_descriptors, _handles) = (descriptors, handles);

    internal Place this[int number] => Volatile.Read(ref _places)[number];

    /// <summary>The place of a file, made known when it is met for the first time.</summary>
    /// <param name="status">What statx told of the file.</param>
    /// <param name="descriptor">A path reference to it, or -1; then an unknown place answers null.</param>
    internal Place? Find(in FileStatus status, int descriptor)
    {
        PlaceKey key = PlaceKey.Of(status);
        foreach (Place place in Volatile.Read(ref _places))
        {
            if (place.Key == key && !place.IsGone)
            {
                return place;
            }
        }

        return descriptor < 0 ? null : Add(key, status, descriptor);
    }

    public void Dispose()
    {
        foreach (Place place in _places)
        {
            place.Close();
        }

        _places = [];
    }

    private Place Add(PlaceKey key, in FileStatus status, int descriptor)
    {
        lock (_lock)
        {
            foreach (Place known in _places)
            {
                if (known.Key == key && !known.IsGone)
                {
                    return known;
                }
            }

            int mount = OpenMount(status, descriptor);
            _ = FileSystemStatus.Of(descriptor, out FileSystemStatus system);
            long type = system.Type & 0xFFFFFFFF;
            Place place = new(
                key,
                _places.Length,
                mount,
                mount >= 0 && _handles != FileHandleUse.Never && HandlesWork(descriptor, mount),
                type is Nfs or Smb2 or Cifs or Fuse or NineP or Ceph,
                type is Tmpfs or Ramfs,
                type is not Overlay);
            // Pairs with the reads in Find and in the indexer: a number is handed out only after its place is there.
            Volatile.Write(ref _places, [.. _places, place]);
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
