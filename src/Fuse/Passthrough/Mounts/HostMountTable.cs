using System.Collections.Concurrent;
using VirtioFs.Fuse.Budgets;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.Mounts;

/// <summary>The mounts found in a share; most shares have one.</summary>
internal sealed unsafe class HostMountTable : IDisposable
{
    private const long Nfs = 0x6969, Smb2 = 0xFE534D42, Cifs = 0xFF534D42, Fuse = 0x65735546, NineP = 0x01021997, Ceph = 0x00c36400;
    private const long Tmpfs = 0x01021994, Ramfs = 0x858458f6, Overlay = 0x794c7630;

    private readonly Lock _lock = new();
    private readonly int _descriptors;
    private readonly FileHandleUse _handles;
    private readonly ShareBudget _budget;
    private readonly ConcurrentDictionary<HostMountKey, HostMount> _known = [];
    private HostMount[] _mounts = [];
    private HostMount? _first;

    internal HostMountTable(int descriptors, FileHandleUse handles, ShareBudget budget) =>
        (_descriptors, _handles, _budget) = (descriptors, handles, budget);

    internal HostMount this[int number] => Volatile.Read(ref _mounts)[number];

    /// <summary>The mount that a file lies on, made known when it is met for the first time.</summary>
    /// <param name="status">What statx told of the file.</param>
    /// <param name="descriptor">A path reference to it, or -1; then an unknown mount answers null.</param>
    internal HostMount? Find(in FileStatus status, int descriptor)
    {
        HostMountKey key = HostMountKey.Of(status);
        if (_first is HostMount first && first.Key == key && !first.IsGone)
        {
            return first;
        }

        return _known.TryGetValue(key, out HostMount? mount) && !mount.IsGone ? mount
            : descriptor < 0 ? null : Add(key, status, descriptor);
    }

    public void Dispose()
    {
        foreach (HostMount mount in _known.Values)
        {
            mount.Close();
        }

        _known.Clear();
        (_mounts, _first) = ([], null);
    }

    private HostMount Add(HostMountKey key, in FileStatus status, int descriptor)
    {
        lock (_lock)
        {
            bool isKnown = _known.TryGetValue(key, out HostMount? former);
            if (isKnown && !former!.IsGone)
            {
                return former;
            }

            // A mount that is met again keeps its number, or a guest that forgets and looks could use up numbers for ever.
            int number = former?.Number ?? _known.Count;
            int opened = number == 0 || _budget.HasRoom ? OpenMount(status, descriptor) : -1;
            _ = FileSystemStatus.Of(descriptor, out FileSystemStatus system);
            long type = system.Type & 0xFFFFFFFF;
            HostMount mount = new(
                key,
                number,
                opened,
                _budget,
                opened >= 0 && _handles != FileHandleUse.Never && HandlesWork(descriptor, opened),
                type is Nfs or Smb2 or Cifs or Fuse or NineP or Ceph,
                type is Tmpfs or Ramfs,
                type is not Overlay);
            // Pairs with the reads in Find and in the indexer: a number is handed out only after its mount is there.
            HostMount[] mounts = _mounts;
            if (number >= mounts.Length)
            {
                Array.Resize(ref mounts, Math.Max(4, 2 * mounts.Length));
            }

            Volatile.Write(ref mounts[number], mount);
            Volatile.Write(ref _mounts, mounts);
            _known[key] = mount;
            _first = number == 0 ? mount : _first;
            return mount;
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
