using VirtioFs.Fuse.ExtendedAttributeNames;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Options;
using static VirtioFs.DeviceEngine.Options.OptionBuilder;

namespace VirtioFs.DeviceEngine.Options;

/// <summary>Rows of the table: how the directory is passed on.</summary>
internal static class FileSystemOptions
{
    private static readonly Dictionary<string, bool?> s_readDirectoryPlus = new() { ["auto"] = null, ["on"] = true, ["off"] = false };

    private static readonly Dictionary<string, FileHandleUse> s_fileHandles = new()
    {
        ["never"] = FileHandleUse.Never, ["prefer"] = FileHandleUse.Prefer, ["mandatory"] = FileHandleUse.Mandatory,
    };

    private static readonly Dictionary<string, string> s_negotiation = new() { ["never"] = OptionText.Off, ["auto"] = OptionText.On, ["always"] = OptionText.On };

    internal static readonly IReadOnlyList<ShareOption> All =
    [
        Switch(
            "--readonly", nameof(PassthroughOptions.ReadOnly), "ReadOnly", "Every change by the guest fails with EROFS.",
            options => options.ReadOnly, (options, on) => options with { ReadOnly = on })
            with
            { Effect = OptionEffect.Request, Virtiofsd = "--readonly" },
        Choice(
            "--cache", nameof(PassthroughOptions.Cache), "Cache", "What the guest may cache, and for how long.", Words<CachePolicy>(), "always",
            options => options.Cache, (options, policy) => options with { Cache = policy })
            with
            {
                Effect = OptionEffect.Request,
                Virtiofsd = "--cache",
                Spellings = [new("-o cache=") { Translations = new Dictionary<string, string> { ["none"] = "never" } }],
            },
        Time(
            "--attribute-timeout", nameof(PassthroughOptions.AttributeTimeout), "AttributeTimeout", "How long attributes are valid in the guest.",
            "as --cache says", options => options.AttributeTimeout, (options, time) => options with { AttributeTimeout = time }),
        Time(
            "--entry-timeout", nameof(PassthroughOptions.EntryTimeout), "EntryTimeout", "How long names are valid in the guest.",
            "as --cache says", options => options.EntryTimeout, (options, time) => options with { EntryTimeout = time }),
        Time(
            "--negative-timeout", nameof(PassthroughOptions.NegativeTimeout), "NegativeTimeout", "How long a failed lookup is valid in the guest.",
            "", options => options.NegativeTimeout, (options, time) => options with { NegativeTimeout = time }),
        Switch(
            "--writeback", nameof(PassthroughOptions.Writeback), "Writeback", "The guest buffers writes (write-back cache).",
            options => options.Writeback, (options, on) => options with { Writeback = on })
            with
            { Effect = OptionEffect.Connection, Virtiofsd = "--writeback", Spellings = [new("-o writeback", OptionText.On), new("-o no_writeback", OptionText.Off)] },
        Switch(
            "--allow-direct-io", nameof(PassthroughOptions.AllowDirectIo), "AllowDirectIo", "O_DIRECT in the guest bypasses the host's page cache as well.",
            options => options.AllowDirectIo, (options, on) => options with { AllowDirectIo = on })
            with
            {
                Effect = OptionEffect.Request,
                Virtiofsd = "--allow-direct-io",
                Spellings = [new("-o allow_direct_io", OptionText.On), new("-o no_allow_direct_io", OptionText.Off)],
            },
        Switch(
            "--allow-mmap", nameof(PassthroughOptions.AllowMmap), "AllowMmap",
            "Files can be mapped as shared memory under the cache policies never and metadata.",
            options => options.AllowMmap, (options, on) => options with { AllowMmap = on })
            with
            { Effect = OptionEffect.Connection, Virtiofsd = "--allow-mmap" },
        Choice(
            "--readdirplus", nameof(PassthroughOptions.ReadDirectoryPlus), "ReadDirectoryPlus", "Whether listing a directory also returns the attributes of its entries.",
            s_readDirectoryPlus, "on", options => options.ReadDirectoryPlus, (options, plus) => options with { ReadDirectoryPlus = plus })
            with
            {
                Effect = OptionEffect.Connection,
                Virtiofsd = "--no-readdirplus",
                Spellings = [new("--no-readdirplus", "off"), new("-o readdirplus", "auto"), new("-o no_readdirplus", "off")],
            },
        Choice(
            "--posix-lock", nameof(PassthroughOptions.PosixLocks), "PosixLock", "Who sees fcntl(2) locks: host and other guests, the guest alone, or nobody (ENOLCK).", Words<LockScope>(), "guest",
            options => options.PosixLocks, (options, scope) => options with { PosixLocks = scope })
            with
            { Effect = OptionEffect.Connection, Spellings = [new("-o posix_lock", "host"), new("-o no_posix_lock", "guest")] },
        Choice(
            "--flock", nameof(PassthroughOptions.Flock), "Flock", "Who sees flock(2) locks: host and other guests, the guest alone, or nobody (ENOLCK).", Words<LockScope>(), "none",
            options => options.Flock, (options, scope) => options with { Flock = scope })
            with
            { Effect = OptionEffect.Connection, Spellings = [new("-o flock", "host"), new("-o no_flock", "guest")] },
        Switch(
            "--xattr", nameof(PassthroughOptions.ExtendedAttributes), "NoExtendedAttribute", "The guest can read and set extended attributes.",
            options => options.ExtendedAttributes, (options, on) => options with { ExtendedAttributes = on })
            with
            {
                IsParameterInverse = true,
                Effect = OptionEffect.Connection,
                Virtiofsd = "--xattr",
                Difference = "They are on unless --no-xattr says otherwise.",
                Spellings = [new("--no-xattr", OptionText.Off), new("-o xattr", OptionText.On), new("-o no_xattr", OptionText.Off)],
            },
        Rules(
            "--xattrmap", nameof(PassthroughOptions.XattrMap), "XattrMap", "RULES", ":map::user.virtiofs.:", "Rules that map the names of extended attributes.",
            options => options.XattrMap is { } map ? [map.Text] : [], (options, text) => options with { XattrMap = XattrMap.Parse(text) })
            with
            { Effect = OptionEffect.Start, Virtiofsd = "--xattrmap", Spellings = [new("-o xattrmap=")] },
        Switch(
            "--posix-acl", nameof(PassthroughOptions.PosixAcl), "PosixAcl", "POSIX access control lists are evaluated.",
            options => options.PosixAcl, (options, on) => options with { PosixAcl = on })
            with
            { Effect = OptionEffect.Connection, Virtiofsd = "--posix-acl", Difference = Negotiation, Translations = s_negotiation, Spellings = NegotiationSpellings("posix_acl") },
        Switch(
            "--security-label", nameof(PassthroughOptions.SecurityLabel), "SecurityLabel", "New files get the security label that the guest sends.",
            options => options.SecurityLabel, (options, on) => options with { SecurityLabel = on })
            with
            { Effect = OptionEffect.Connection, Virtiofsd = "--security-label", Difference = Negotiation, Translations = s_negotiation, Spellings = NegotiationSpellings("security_label") },
        Rules(
            "--translate-uid", nameof(PassthroughOptions.UserIds), "UserIdMap", "RULE", "map:0:1000:1", "A rule that maps user ids, such as map:0:1000:1.",
            options => [.. options.UserIds.Select(rule => rule.ToString())], (options, text) => options with { UserIds = [.. options.UserIds, IdRange.Parse(text)] })
            with
            { MayRepeat = true, Virtiofsd = "--translate-uid" },
        Rules(
            "--translate-gid", nameof(PassthroughOptions.GroupIds), "GroupIdMap", "RULE", "squash-guest:0:100:10", "A rule that maps group ids.",
            options => [.. options.GroupIds.Select(rule => rule.ToString())], (options, text) => options with { GroupIds = [.. options.GroupIds, IdRange.Parse(text)] })
            with
            { MayRepeat = true, Virtiofsd = "--translate-gid" },
        Switch(
            "--killpriv-v2", nameof(PassthroughOptions.KillPrivileges), "NoKillPrivilege", "The host, and not the guest, removes set-user-ID bits on write.",
            options => options.KillPrivileges, (options, on) => options with { KillPrivileges = on })
            with
            {
                IsParameterInverse = true,
                Effect = OptionEffect.Connection,
                Virtiofsd = "--killpriv-v2",
                Difference = "It is on unless --no-killpriv-v2 says otherwise.",
                Spellings =
                [
                    new("--no-killpriv-v2", OptionText.Off), new("-o killpriv_v2", OptionText.On), new("-o no_killpriv_v2", OptionText.Off),
                ],
            },
        Switch(
            "--device-nodes", nameof(PassthroughOptions.DeviceNodes), "NoDeviceNode", "The guest can create device nodes, which work on the host too.",
            options => options.DeviceNodes, (options, on) => options with { DeviceNodes = on })
            with
            { IsParameterInverse = true, Effect = OptionEffect.Request, Spellings = [new("--no-device-nodes", OptionText.Off)] },
        Switch(
            "--set-id", nameof(PassthroughOptions.SetId), "NoSetId", "The guest can set set-id bits and file capabilities, which take effect on the host too.",
            options => options.SetId, (options, on) => options with { SetId = on })
            with
            { IsParameterInverse = true, Effect = OptionEffect.Request, Spellings = [new("--no-set-id", OptionText.Off)] },
        Switch(
            "--trusted-xattr", nameof(PassthroughOptions.TrustedAttributes), "NoTrustedAttribute", "The guest's root can read and set trusted.* attributes of the host.",
            options => options.TrustedAttributes, (options, on) => options with { TrustedAttributes = on })
            with
            { IsParameterInverse = true, Effect = OptionEffect.Request, Spellings = [new("--no-trusted-xattr", OptionText.Off)] },
        Switch(
            "--security-xattr", nameof(PassthroughOptions.SecurityAttributes), "NoSecurityAttribute", "The guest can read and set security.* attributes of the host.",
            options => options.SecurityAttributes, (options, on) => options with { SecurityAttributes = on })
            with
            { IsParameterInverse = true, Effect = OptionEffect.Request, Spellings = [new("--no-security-xattr", OptionText.Off)] },
        Switch(
            "--preserve-noatime", nameof(PassthroughOptions.PreserveNoAccessTime), "PreserveNoAccessTime", "O_NOATIME in the guest is passed to the host.",
            options => options.PreserveNoAccessTime, (options, on) => options with { PreserveNoAccessTime = on })
            with
            { Effect = OptionEffect.Request, Virtiofsd = "--preserve-noatime" },
        Switch(
            "--announce-submounts", nameof(PassthroughOptions.AnnounceSubmounts), "NoSubmount", "Mounts within the share are mounts in the guest too.",
            options => options.AnnounceSubmounts, (options, on) => options with { AnnounceSubmounts = on })
            with
            {
                IsParameterInverse = true,
                Effect = OptionEffect.Connection,
                Virtiofsd = "--announce-submounts",
                Spellings = [new("--no-announce-submounts", OptionText.Off), new("-o announce_submounts", OptionText.On)],
            },
        Choice(
            "--inode-file-handles", nameof(PassthroughOptions.FileHandles), "FileHandle", "Whether inodes that the guest knows are held by file handle instead of a descriptor.", s_fileHandles, "never",
            options => options.FileHandles, (options, use) => options with { FileHandles = use })
            with
            {
                Virtiofsd = "--inode-file-handles",
                Translations = new Dictionary<string, string> { ["fallback"] = "prefer" },
            },
        Number(
            "--inode-limit", nameof(PassthroughOptions.Inodes), "InodeLimit", "The most inodes that the guest may know, that is, has looked up and not forgotten.",
            "from 1", 1, int.MaxValue, "", 1000,
            options => options.FileSystem.Inodes, (options, number) => options with { FileSystem = options.FileSystem with { Inodes = number } }),
        Number(
            "--inode-descriptor-limit", nameof(PassthroughOptions.InodeDescriptors), "InodeDescriptorLimit",
            "The most descriptors that hold inodes which the guest knows but has not opened.", "from 1", 1, int.MaxValue,
            "a sixteenth of the process's limit, at most 8192", 100,
            options => options.FileSystem.InodeDescriptors, (options, number) => options with { FileSystem = options.FileSystem with { InodeDescriptors = number } }),
        Number(
            "--open-file-limit", nameof(PassthroughOptions.OpenFiles), "OpenFileLimit", "The most files and directories that the guest may have open.",
            "from 1", 1, int.MaxValue, "a quarter of the process's limit", 50,
            options => options.FileSystem.OpenFiles, (options, number) => options with { FileSystem = options.FileSystem with { OpenFiles = number } }),
        Number(
            "--lock-limit", nameof(PassthroughOptions.Locks), "LockLimit",
            "The most ranges that the guest's processes may lock with fcntl(2) or wait for.", "from 1", 1, int.MaxValue, "", 1000,
            options => options.FileSystem.Locks, (options, number) => options with { FileSystem = options.FileSystem with { Locks = number } }),
    ];

    private const string Negotiation = "auto and always mean on: a guest without support works without it.";

    private static OptionSpelling[] NegotiationSpellings(string legacy) =>
        [new($"-o {legacy}", OptionText.On), new($"-o no_{legacy}", OptionText.Off)];

    private static ShareOption Rules(
        string name, string property, string parameter, string valueName, string example, string description,
        Func<PassthroughOptions, IReadOnlyList<string>> get, Func<PassthroughOptions, string, PassthroughOptions> set) => new()
        {
            Name = name,
            Kind = ShareOptionKind.Rule,
            Description = description,
            ValueName = valueName,
            Default = "none",
            Example = example,
            Property = property,
            Parameter = parameter,
            Setter = (options, text) => options with { FileSystem = set(options.FileSystem, text) },
            Getter = options => get(options.FileSystem),
        };
}
