using VirtioFs.Fuse.ExtendedAttributeNames;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Passthrough.Mounts;

namespace VirtioFs.Fuse.Passthrough.Options;

/// <summary>How a host directory is passed on to a guest.</summary>
public sealed record PassthroughOptions
{
    /// <summary>What the guest may remember.</summary>
    public CachePolicy Cache { get; init; } = CachePolicy.Auto;

    /// <summary>How long attributes stay good in the guest; null: as <see cref="Cache"/> says.</summary>
    public TimeSpan? AttributeTimeout { get; init; }

    /// <summary>How long names stay good in the guest; null: as <see cref="Cache"/> says.</summary>
    public TimeSpan? EntryTimeout { get; init; }

    /// <summary>How long the guest believes that a name is not there; zero: it asks every time.</summary>
    public TimeSpan NegativeTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>Whether the guest sees and sets extended attributes; if not, they are answered with ENOSYS.</summary>
    public bool ExtendedAttributes { get; init; } = true;

    /// <summary>
    /// Whether listing a directory also tells the attributes of what is in it; null: where the guest expects to use them, but not under
    /// <see cref="CachePolicy.Never"/>.
    /// </summary>
    public bool? ReadDirectoryPlus { get; init; }

    /// <summary>Whether mounts inside of the share are mounts in the guest too, with device numbers of their own.</summary>
    public bool AnnounceSubmounts { get; init; } = true;

    /// <summary>
    /// How many inodes the guest may know: files that it has looked up and not forgotten. Beyond them it gets ENFILE for those that it does
    /// not know. Each takes some 130 bytes of memory.
    /// </summary>
    public int Inodes { get; init; } = 1 << 24;

    /// <summary>
    /// How many descriptors may hold inodes that the guest knows but has not opened; beyond them, inodes are held by file
    /// handles, or found again by name. Null: a sixteenth of the process's limit (RLIMIT_NOFILE), at most 8192.
    /// </summary>
    public int? InodeDescriptors { get; init; }

    /// <summary>
    /// How many files and directories the guest may hold open, the owners of its locks among them; beyond them it gets ENFILE. Null: a
    /// quarter of the process's limit.
    /// </summary>
    public int? OpenFiles { get; init; }

    /// <summary>How many locks of fcntl(2) the guest's processes may hold and wait for, in ranges; beyond them they get ENOLCK.</summary>
    public int Locks { get; init; } = 16384;

    /// <summary>How far locks of fcntl(2) reach.</summary>
    public LockScope PosixLocks { get; init; } = LockScope.Host;

    /// <summary>How far locks of flock(2) reach.</summary>
    public LockScope Flock { get; init; } = LockScope.Host;

    /// <summary>Whether anything can be changed; see <c>ReadOnlyFileSystem</c>.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Whether the guest collects writes in its page cache and sends them later.</summary>
    public bool Writeback { get; init; }

    /// <summary>Whether O_DIRECT of a guest's program goes past the host's page cache too.</summary>
    public bool AllowDirectIo { get; init; }

    /// <summary>
    /// Whether files can be mapped as shared memory under <see cref="CachePolicy.Never"/> and <see cref="CachePolicy.Metadata"/>.
    /// What another guest or the host changes is then not seen in mappings.
    /// </summary>
    public bool AllowMmap { get; init; }

    /// <summary>
    /// Whether SUID, SGID and file capabilities are removed by us when the guest says so, instead of by the guest, which has to ask
    /// for <c>security.capability</c> before each write.
    /// </summary>
    public bool KillPrivileges { get; init; } = true;

    /// <summary>Whether O_NOATIME of a guest's program is passed on; it fails where the process neither owns the file nor is root.</summary>
    public bool PreserveNoAccessTime { get; init; }

    /// <summary>Whether POSIX access control lists are evaluated. Needs <see cref="ExtendedAttributes"/>.</summary>
    public bool PosixAcl { get; init; }

    /// <summary>Whether new files take the security label that the guest gives them. Needs <see cref="ExtendedAttributes"/>.</summary>
    public bool SecurityLabel { get; init; }

    /// <summary>Whether the guest can make device nodes (EPERM if not); whiteouts of overlay file systems it can make in any case.</summary>
    public bool DeviceNodes { get; init; } = true;

    /// <summary>
    /// Whether files can have set-user-ID and set-group-ID bits, and capabilities, that the guest gives them (EPERM if not). Those that the
    /// host gave are lost when the guest changes the content, whoever does it there.
    /// </summary>
    public bool SetId { get; init; } = true;

    /// <summary>Whether extended attributes that are <c>trusted</c> on the host are the guest's too; if not, they are as for who is not root.</summary>
    public bool TrustedAttributes { get; init; } = true;

    /// <summary>Whether extended attributes that are <c>security</c> on the host are the guest's too: capabilities, labels, and so on.</summary>
    public bool SecurityAttributes { get; init; } = true;

    /// <summary>Rules for the names of extended attributes; null: they stay as they are.</summary>
    public XattrMap? XattrMap { get; init; }

    /// <summary>Rules for user ids.</summary>
    public IReadOnlyList<IdRange> UserIds { get; init; } = [];

    /// <summary>Rules for group ids.</summary>
    public IReadOnlyList<IdRange> GroupIds { get; init; } = [];

    /// <summary>How inodes are held.</summary>
    public FileHandleUse FileHandles { get; init; } = FileHandleUse.Prefer;

    /// <summary>Holds the options against their ranges and against each other.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, or two exclude each other; the text says which and why.</exception>
    public void Check()
    {
        CheckTimeout(AttributeTimeout, nameof(AttributeTimeout));
        CheckTimeout(EntryTimeout, nameof(EntryTimeout));
        CheckTimeout(NegativeTimeout, nameof(NegativeTimeout));
        if (!Enum.IsDefined(Cache))
        {
            throw new ArgumentException($"The cache policy '{Cache}' is not known: use Never, Auto, Metadata or Always.");
        }

        if (Inodes < 1 || InodeDescriptors < 1 || OpenFiles < 1 || Locks < 1)
        {
            throw new ArgumentException("Inodes, InodeDescriptors, OpenFiles and Locks must be at least 1.");
        }

        if (!ExtendedAttributes && (PosixAcl || SecurityLabel || XattrMap is not null))
        {
            throw new ArgumentException(
                "PosixAcl, SecurityLabel and XattrMap work on extended attributes, which are switched off: leave ExtendedAttributes on.");
        }

        if (SecurityLabel && !SecurityAttributes && XattrMap is null)
        {
            throw new ArgumentException(
                "SecurityLabel gives new files a security attribute, which SecurityAttributes keeps from the guest: leave it on, or give labels another name with XattrMap.");
        }

        if (PosixAcl && (UserIds.Count > 0 || GroupIds.Count > 0))
        {
            throw new ArgumentException(
                "PosixAcl cannot be used together with rules for user or group ids: access control lists hold ids that nobody would translate.");
        }

        if (AllowMmap && Cache is (CachePolicy.Auto or CachePolicy.Always))
        {
            throw new ArgumentException($"AllowMmap is for the cache policies Never and Metadata; with {Cache} files can be mapped anyway.");
        }

        if (Writeback && Cache is (CachePolicy.Never or CachePolicy.Metadata))
        {
            throw new ArgumentException($"Writeback collects writes in the guest's page cache, which the cache policy {Cache} does not use: use Auto or Always.");
        }

        if (Writeback && ReadOnly)
        {
            throw new ArgumentException("Writeback has nothing to write where ReadOnly is set: use one of them.");
        }

        _ = new IdMap(UserIds, "user id");
        _ = new IdMap(GroupIds, "group id");
    }

    private static void CheckTimeout(TimeSpan? value, string name)
    {
        if (value < TimeSpan.Zero)
        {
            throw new ArgumentException($"{name} is {value}: a timeout cannot be negative.");
        }
    }
}
