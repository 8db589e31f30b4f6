using VirtioFs.Fuse.Budgets;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.OpenFiles;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>
/// Passes a directory of the host on to a guest. After it was made, it names nothing by a path of the host: all it does starts
/// from descriptors that it holds, so it works on after its threads have lost sight of the host's root.
/// </summary>
public sealed unsafe partial class PassthroughFileSystem : IFileSystem
{
    private readonly PassthroughOptions _options;
    private readonly ShareBudget _budget;
    private readonly ShareBudget _inodeBudget;
    private readonly ShareBudget _lockRecords;
    private readonly FileDescriptor _descriptors;
    private readonly HostMountTable _mounts;
    private readonly InodeTable _inodes;
    private readonly OpenFileTable _open;
    private readonly CacheRules _rules;
    private readonly IdMap _userIds;
    private readonly IdMap _groupIds;
    private int _root = -1;
    private bool _opensByHandle;

    /// <summary>Opens a directory to pass on.</summary>
    /// <param name="path">An absolute path of the host.</param>
    /// <param name="options">How.</param>
    /// <exception cref="LinuxException">It cannot be opened, or <c>/proc</c> is not there.</exception>
    /// <exception cref="ImpersonationException">This process runs as root and cannot act as the guest's users.</exception>
    /// <exception cref="DirectoryNotFoundException">It is neither a directory nor, for <c>SharedFileSystem.Open</c>, a regular file.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public PassthroughFileSystem(string path, PassthroughOptions options)
    {
        options.Check();
        if (!options.ReadOnly)
        {
            RequestThread.CheckImpersonation();
        }

        _options = options;
        _rules = CacheRules.Of(options);
        _hidesNoAttributes = options is { PosixAcl: true, XattrMap: null, TrustedAttributes: true, SecurityAttributes: true, SetId: true };
        _userIds = new IdMap(options.UserIds, "user id");
        _groupIds = new IdMap(options.GroupIds, "group id");
        int descriptors = (int)LinuxException.Check(
            DescriptorDirectory.Open(), "Opening '/proc/self/fd' failed");
        _descriptors = new FileDescriptor(descriptors);
        long limit = ProcessLimits.Descriptors;
        long openFiles = options.OpenFiles ?? limit / 4;
        long inodeDescriptors = options.InodeDescriptors ?? Math.Clamp(limit / 16, 16, 8192);
        _budget = ProcessBudget.Descriptors.Open(openFiles + inodeDescriptors + (limit / 32));
        _inodeBudget = ProcessBudget.Inodes.Open(options.Inodes);
        _lockRecords = ProcessBudget.Locks.Open(options.Locks);
        _mounts = new HostMountTable(descriptors, options.FileHandles, _budget);
        _inodes = new InodeTable(_mounts, _inodeBudget, _budget, (int)inodeDescriptors);
        _open = new OpenFileTable(_budget, (int)openFiles);
        _locks = new LockTable(_budget, _lockRecords);
        try
        {
            OpenRoot(path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether names that lead to anything but regular files are as if they were not there.</summary>
    internal bool KnowsOnlyFiles { get; init; }

    /// <inheritdoc/>
    public JailNeeds? Needs => new JailNeeds(_root, JailCapabilities.Of(_options), OpensByHandle: _opensByHandle);

    /// <summary>Inodes that the guest knows, the root among them.</summary>
    public int InodeCount => _inodes.Count;

    /// <summary>Descriptors that hold inodes without their being open.</summary>
    public int InodeDescriptorCount => _inodes.Clock.Count;

    /// <summary>Files and directories that the guest holds open.</summary>
    public int OpenFileCount => _open.Count;

    /// <summary>Bytes that hold what was read of directories and not told to the guest yet.</summary>
    public int DirectoryBufferBytes => _streams.BufferBytes;

    /// <inheritdoc/>
    public InitFlags Initialize(InitFlags offered)
    {
        InitFlags wanted = InitFlags.AsyncRead | InitFlags.ParallelDirectories | InitFlags.BigWrites | InitFlags.AutoInvalidate
            | InitFlags.AsyncDirect | InitFlags.AtomicTruncate | InitFlags.DontMask | InitFlags.CreateSupplementaryGroup | InitFlags.AllowIdMap | InitFlags.DirectoryControl;
        wanted |= When(_rules.ReadDirectoryPlus, InitFlags.ReadDirectoryPlus);
        wanted |= When(_rules.ReadDirectoryPlus && _options.ReadDirectoryPlus is null, InitFlags.ReadDirectoryPlusAuto);
        wanted |= When(_options.AnnounceSubmounts, InitFlags.Submounts);
        wanted |= When(_options.PosixLocks != LockScope.Guest, InitFlags.PosixLocks);
        wanted |= When(_options.Flock != LockScope.Guest, InitFlags.FlockLocks);
        wanted |= When(_options.KillPrivileges, InitFlags.HandleKillPrivileges2);
        wanted |= When(_options.Writeback, InitFlags.WritebackCache);
        wanted |= When(_options.AllowMmap, InitFlags.DirectIoAllowMmap);
        wanted |= When(_options.PosixAcl, InitFlags.PosixAcl | InitFlags.SetXattrExtended);
        wanted |= When(_options.SecurityLabel, InitFlags.SecurityContext);
        return wanted;
    }

    /// <inheritdoc/>
    public void EndSession()
    {
        _locks.Clear();
        _open.Clear();
        _streams.Clear();
        _inodes.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _locks.Dispose();
        _open.Dispose();
        _streams.Dispose();
        _inodes.Dispose();
        _mounts.Dispose();
        _descriptors.Dispose();
        _lockRecords.Dispose();
        _inodeBudget.Dispose();
        _budget.Dispose();
    }

    private static InitFlags When(bool condition, InitFlags flags) => condition ? flags : InitFlags.None;

    private void OpenRoot(string path)
    {
        int root = (int)LinuxException.Check(Files.Open(path, OpenFlags.Path), $"Opening '{path}' failed");
        int result = FileStatus.Of(root, out FileStatus status);
        if (result < 0 || status.Type != FileStatus.Directory)
        {
            FileDescriptor.Close(root);
            throw result < 0 ? new LinuxException($"Reading the attributes of '{path}' failed", -result)
                : new DirectoryNotFoundException($"'{path}' is neither a directory nor a regular file, and nothing else can be shared.");
        }

        _root = root;
        HostMount mount = _mounts.Find(status, root)!;
        _opensByHandle = mount.HasHandles;
        _inodes.AddRoot(root, mount, status);
    }
}
