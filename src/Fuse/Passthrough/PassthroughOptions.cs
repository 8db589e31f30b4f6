namespace VirtioFs.Fuse;

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

    /// <summary>Whether listing a directory also tells the attributes of what is in it; null: as <see cref="Cache"/> says.</summary>
    public bool? ReadDirectoryPlus { get; init; }

    /// <summary>Whether mounts inside of the share are mounts in the guest too, with device numbers of their own.</summary>
    public bool AnnounceSubmounts { get; init; } = true;

    /// <summary>
    /// How many descriptors may hold inodes that the guest knows but has not opened; beyond them, inodes are held by file
    /// handles. Null: an eighth of the process's limit (RLIMIT_NOFILE), at most 8192.
    /// </summary>
    public int? InodeDescriptors { get; init; }

    /// <summary>How many files and directories the guest may hold open; beyond them it gets ENFILE. Null: half of the process's limit.</summary>
    public int? OpenFiles { get; init; }

    /// <summary>How far locks of fcntl(2) reach.</summary>
    public LockScope PosixLocks { get; init; } = LockScope.Host;

    /// <summary>How far locks of flock(2) reach.</summary>
    public LockScope Flock { get; init; } = LockScope.Host;

    /// <exception cref="ArgumentException">A value is out of its range; the text says which.</exception>
    internal void Check()
    {
        CheckTimeout(AttributeTimeout, nameof(AttributeTimeout));
        CheckTimeout(EntryTimeout, nameof(EntryTimeout));
        CheckTimeout(NegativeTimeout, nameof(NegativeTimeout));
        if (!Enum.IsDefined(Cache))
        {
            throw new ArgumentException($"The cache policy '{Cache}' is not known: use Never, Auto, Metadata or Always.");
        }

        if (InodeDescriptors < 1 || OpenFiles < 1)
        {
            throw new ArgumentException("InodeDescriptors and OpenFiles must be at least 1.");
        }
    }

    private static void CheckTimeout(TimeSpan? value, string name)
    {
        if (value < TimeSpan.Zero)
        {
            throw new ArgumentException($"{name} is {value}: a timeout cannot be negative.");
        }
    }
}
