using System.Management.Automation;
using VirtioFs.Fuse.ExtendedAttributeNames;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Options;

namespace VirtioFs.Cmdlets;

/// <content>How the directory is passed on to the guest.</content>
public sealed partial class StartVirtioFsShareCommand
{
    private static readonly PassthroughOptions Defaults = new();

    /// <summary>Whether the guest may change nothing.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter ReadOnly { get; set; }

    /// <summary>What the guest may cache.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ChoiceArgument(CachePolicy.Auto)]
    public CachePolicy Cache { get; set; } = Defaults.Cache;

    /// <summary>How long attributes are valid in the guest; as the cache policy says by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Timeout]
    public TimeSpan? AttributeTimeout { get; set; }

    /// <summary>How long names are valid in the guest; as the cache policy says by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Timeout]
    public TimeSpan? EntryTimeout { get; set; }

    /// <summary>How long the guest believes that a name is not there.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Timeout]
    public TimeSpan? NegativeTimeout { get; set; }

    /// <summary>Whether the guest buffers writes and sends them later.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter Writeback { get; set; }

    /// <summary>Whether a guest's O_DIRECT goes past the host's page cache too.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter AllowDirectIo { get; set; }

    /// <summary>Whether files can be mapped as shared memory under the cache policies Never and Metadata.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter AllowMmap { get; set; }

    /// <summary>Whether listing a directory also tells the attributes of what is in it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ChoiceArgument(ReadDirectoryPlus.Auto, Former = "Automatic")]
    public ReadDirectoryPlus ReadDirectoryPlus { get; set; }

    /// <summary>How far locks of fcntl(2) reach.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ChoiceArgument(LockScope.Host)]
    public LockScope PosixLock { get; set; } = Defaults.PosixLocks;

    /// <summary>How far locks of flock(2) reach.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ChoiceArgument(LockScope.Host)]
    public LockScope Flock { get; set; } = Defaults.Flock;

    /// <summary>Whether the guest sees no extended attributes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter NoExtendedAttribute { get; set; }

    /// <summary>Rules for the names of extended attributes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [XattrRule]
    public XattrMap? XattrMap { get; set; }

    /// <summary>Whether POSIX access control lists are evaluated.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter PosixAcl { get; set; }

    /// <summary>Whether new files take the security label that the guest gives them.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter SecurityLabel { get; set; }

    /// <summary>Rules for user ids between guest and host.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [IdRule]
    [ArgumentCompleter(typeof(IdRuleCompleter))]
    public IdRange[]? UserIdMap { get; set; }

    /// <summary>Rules for group ids between guest and host.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [IdRule]
    [ArgumentCompleter(typeof(IdRuleCompleter))]
    public IdRange[]? GroupIdMap { get; set; }

    /// <summary>Whether set-user-ID bits are left to the guest to remove.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter NoKillPrivilege { get; set; }

    /// <summary>Whether the guest can make no device nodes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter NoDeviceNode { get; set; }

    /// <summary>Whether the guest can give files no set-id bits and no capabilities.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter NoSetId { get; set; }

    /// <summary>Whether trusted attributes of the host are kept from the guest.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter NoTrustedAttribute { get; set; }

    /// <summary>Whether security attributes of the host are kept from the guest.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter NoSecurityAttribute { get; set; }

    /// <summary>Whether a guest's O_NOATIME is passed on.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter PreserveNoAccessTime { get; set; }

    /// <summary>Whether mounts inside of the share look like ordinary directories.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SwitchArgument]
    public SwitchParameter NoSubmount { get; set; }

    /// <summary>How inodes that the guest knows are held.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ChoiceArgument(FileHandleUse.Prefer)]
    public FileHandleUse FileHandle { get; set; } = Defaults.FileHandles;

    /// <summary>How many files the guest may know: looked up and not forgotten.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [NumberArgument]
    public int? InodeLimit { get; set; }

    /// <summary>How many descriptors may hold inodes that the guest knows but has not opened.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [NumberArgument]
    public int? InodeDescriptorLimit { get; set; }

    /// <summary>How many files and directories the guest may hold open.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [NumberArgument]
    public int? OpenFileLimit { get; set; }

    /// <summary>How many ranges of files the guest's processes may lock with fcntl(2), or wait for.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [NumberArgument]
    public int? LockLimit { get; set; }

    private PassthroughOptions CreateFileSystemOptions() => new()
    {
        ReadOnly = ReadOnly,
        Cache = Cache,
        AttributeTimeout = AttributeTimeout,
        EntryTimeout = EntryTimeout,
        NegativeTimeout = NegativeTimeout ?? Defaults.NegativeTimeout,
        Writeback = Writeback,
        AllowDirectIo = AllowDirectIo,
        AllowMmap = AllowMmap,
        ReadDirectoryPlus = ReadDirectoryPlus == ReadDirectoryPlus.Auto ? null : ReadDirectoryPlus == ReadDirectoryPlus.On,
        PosixLocks = PosixLock,
        Flock = Flock,
        ExtendedAttributes = !NoExtendedAttribute,
        XattrMap = XattrMap,
        PosixAcl = PosixAcl,
        SecurityLabel = SecurityLabel,
        UserIds = UserIdMap ?? [],
        GroupIds = GroupIdMap ?? [],
        KillPrivileges = !NoKillPrivilege,
        DeviceNodes = !NoDeviceNode,
        SetId = !NoSetId,
        TrustedAttributes = !NoTrustedAttribute,
        SecurityAttributes = !NoSecurityAttribute,
        PreserveNoAccessTime = PreserveNoAccessTime,
        AnnounceSubmounts = !NoSubmount,
        FileHandles = FileHandle,
        Inodes = InodeLimit ?? Defaults.Inodes,
        InodeDescriptors = InodeDescriptorLimit,
        OpenFiles = OpenFileLimit,
        Locks = LockLimit ?? Defaults.Locks,
    };
}
