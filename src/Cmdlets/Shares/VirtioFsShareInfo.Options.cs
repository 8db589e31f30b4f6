using System.Globalization;
using VirtioFs.DeviceEngine;
using VirtioFs.Fuse;

namespace VirtioFs.Cmdlets;

/// <content>How the share was started. The names are those of Start-VirtioFsShare, so that a stopped share can be piped into it.</content>
public sealed partial class VirtioFsShareInfo
{
    private readonly ShareOptions _options;

    /// <summary>The group that the socket was given to, by its number; null when none was.</summary>
    public string? SocketGroup => _options.SocketGroupId?.ToString(CultureInfo.InvariantCulture);

    /// <summary>The socket's mode in octal digits; null when it was not asked for.</summary>
    public string? SocketMode => _options.SocketMode is { } mode ? SocketModeAttribute.ToDigits(mode) : null;

    /// <summary>How many request queues a guest may use.</summary>
    public int RequestQueues => _options.RequestQueues;

    /// <summary>The most entries that a queue may have.</summary>
    public int QueueSize => _options.QueueSize;

    /// <summary>Whether the guest may change nothing.</summary>
    public bool ReadOnly => FileSystem.ReadOnly;

    /// <summary>What the guest may remember.</summary>
    public CachePolicy Cache => FileSystem.Cache;

    /// <summary>How long attributes stay good in the guest; null: as <see cref="Cache"/> says.</summary>
    public TimeSpan? AttributeTimeout => FileSystem.AttributeTimeout;

    /// <summary>How long names stay good in the guest; null: as <see cref="Cache"/> says.</summary>
    public TimeSpan? EntryTimeout => FileSystem.EntryTimeout;

    /// <summary>How long the guest believes that a name is not there.</summary>
    public TimeSpan NegativeTimeout => FileSystem.NegativeTimeout;

    /// <summary>Whether the guest collects writes and sends them later.</summary>
    public bool Writeback => FileSystem.Writeback;

    /// <summary>Whether a guest's O_DIRECT goes past the host's page cache too.</summary>
    public bool AllowDirectIo => FileSystem.AllowDirectIo;

    /// <summary>Whether files can be mapped as shared memory under the cache policies Never and Metadata.</summary>
    public bool AllowMmap => FileSystem.AllowMmap;

    /// <summary>Whether listing a directory also tells the attributes of what is in it.</summary>
    public ReadDirectoryPlus ReadDirectoryPlus => FileSystem.ReadDirectoryPlus switch
    {
        null => ReadDirectoryPlus.Automatic,
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

    /// <summary>Rules for user ids between guest and host.</summary>
    public IReadOnlyList<IdRange> UserIdMap => FileSystem.UserIds;

    /// <summary>Rules for group ids between guest and host.</summary>
    public IReadOnlyList<IdRange> GroupIdMap => FileSystem.GroupIds;

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

    /// <summary>How many descriptors may hold inodes that the guest knows but has not opened; null: as the process's limit allows.</summary>
    public int? InodeDescriptorLimit => FileSystem.InodeDescriptors;

    /// <summary>How many files and directories the guest may hold open; null: as the process's limit allows.</summary>
    public int? OpenFileLimit => FileSystem.OpenFiles;

    private PassthroughOptions FileSystem => _options.FileSystem;
}
