using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Options;

namespace VirtioFs.Cmdlets;

/// <content>How the share was started. The names are those of Start-VirtioFsShare, so that a stopped share can be piped into it.</content>
public sealed partial class VirtioFsShareInfo
{
    private readonly ShareOptions _options;

    /// <summary>The group that the socket was given to, by its name, or its number where it has none; null when none was.</summary>
    public string? SocketGroup => _options.SocketGroupId is uint group ? UnixGroupName.Of(group) : null;

    /// <summary>The socket's mode in octal digits; null when it was not asked for.</summary>
    public string? SocketMode => _options.SocketMode is { } mode ? SocketModeAttribute.ToDigits(mode) : null;

    /// <summary>How many request queues a guest may use.</summary>
    public int RequestQueues => _options.RequestQueues;

    /// <summary>The most entries that a queue may have.</summary>
    public int QueueSize => _options.QueueSize;

    /// <summary>The longest time in microseconds that a worker watches an empty queue before it sleeps.</summary>
    public int PollMicroseconds => _options.PollMicroseconds;

    /// <summary>Threads for requests that wait for the host's disks.</summary>
    public int BlockingThreads => _options.BlockingThreads;

    /// <summary>Whether the threads that answer the guest were to be confined; see <see cref="Jail"/> for what came of it.</summary>
    public JailUse JailMode => _options.Jail;

    /// <summary>Whether the guest may change nothing.</summary>
    public bool ReadOnly => FileSystem.ReadOnly;

    /// <summary>What the guest may cache.</summary>
    public CachePolicy Cache => FileSystem.Cache;

    /// <summary>How long attributes are valid in the guest; null: as <see cref="Cache"/> says.</summary>
    public TimeSpan? AttributeTimeout => FileSystem.AttributeTimeout;

    /// <summary>How long names are valid in the guest; null: as <see cref="Cache"/> says.</summary>
    public TimeSpan? EntryTimeout => FileSystem.EntryTimeout;

    /// <summary>How long the guest believes that a name is not there.</summary>
    public TimeSpan NegativeTimeout => FileSystem.NegativeTimeout;

    /// <summary>Whether the guest buffers writes and sends them later.</summary>
    public bool Writeback => FileSystem.Writeback;

    /// <summary>Whether a guest's O_DIRECT goes past the host's page cache too.</summary>
    public bool AllowDirectIo => FileSystem.AllowDirectIo;

    /// <summary>Whether files can be mapped as shared memory under the cache policies Never and Metadata.</summary>
    public bool AllowMmap => FileSystem.AllowMmap;

    /// <summary>Whether listing a directory also tells the attributes of what is in it.</summary>
    public ReadDirectoryPlus ReadDirectoryPlus => FileSystem.ReadDirectoryPlus switch
    {
        null => ReadDirectoryPlus.Auto,
        true => ReadDirectoryPlus.On,
        false => ReadDirectoryPlus.Off,
    };

    /// <summary>How far locks of fcntl(2) reach.</summary>
    public LockScope PosixLock => FileSystem.PosixLocks;

    /// <summary>How far locks of flock(2) reach.</summary>
    public LockScope Flock => FileSystem.Flock;

    /// <summary>Whether the guest sees no extended attributes.</summary>
    public bool NoExtendedAttribute => !FileSystem.ExtendedAttributes;

    /// <summary>Rules for the names of extended attributes; null when there are none.</summary>
    public string? XattrMap => FileSystem.XattrMap?.Text;

    /// <summary>Whether POSIX access control lists are evaluated.</summary>
    public bool PosixAcl => FileSystem.PosixAcl;

    /// <summary>Whether new files take the security label that the guest gives them.</summary>
    public bool SecurityLabel => FileSystem.SecurityLabel;

    /// <summary>Rules for user ids between guest and host, with a blank between them; null when there are none.</summary>
    public string? UserIdMap => Join(FileSystem.UserIds);

    /// <summary>Rules for group ids between guest and host, with a blank between them; null when there are none.</summary>
    public string? GroupIdMap => Join(FileSystem.GroupIds);

    /// <summary>Whether set-user-ID bits are left to the guest to remove.</summary>
    public bool NoKillPrivilege => !FileSystem.KillPrivileges;

    /// <summary>Whether the guest can make no device nodes.</summary>
    public bool NoDeviceNode => !FileSystem.DeviceNodes;

    /// <summary>Whether the guest can give files no set-id bits and no capabilities.</summary>
    public bool NoSetId => !FileSystem.SetId;

    /// <summary>Whether trusted attributes of the host are kept from the guest.</summary>
    public bool NoTrustedAttribute => !FileSystem.TrustedAttributes;

    /// <summary>Whether security attributes of the host are kept from the guest.</summary>
    public bool NoSecurityAttribute => !FileSystem.SecurityAttributes;

    /// <summary>Whether a guest's O_NOATIME is passed on.</summary>
    public bool PreserveNoAccessTime => FileSystem.PreserveNoAccessTime;

    /// <summary>Whether mounts inside of the share look like ordinary directories.</summary>
    public bool NoSubmount => !FileSystem.AnnounceSubmounts;

    /// <summary>How inodes that the guest knows are held.</summary>
    public FileHandleUse FileHandle => FileSystem.FileHandles;

    /// <summary>How many files the guest may know: looked up and not forgotten.</summary>
    public int InodeLimit => FileSystem.Inodes;

    /// <summary>How many descriptors may hold inodes that the guest knows but has not opened; null: as the process's limit allows.</summary>
    public int? InodeDescriptorLimit => FileSystem.InodeDescriptors;

    /// <summary>How many files and directories the guest may hold open; null: as the process's limit allows.</summary>
    public int? OpenFileLimit => FileSystem.OpenFiles;

    /// <summary>How many ranges of files the guest's processes may lock, or wait for.</summary>
    public int LockLimit => FileSystem.Locks;

    private PassthroughOptions FileSystem => _options.FileSystem;

    // One text goes through CSV, JSON and other processes unharmed, where a list of objects does not.
    private static string? Join(IReadOnlyList<IdRange> rules) => rules.Count == 0 ? null : string.Join(' ', rules);
}
