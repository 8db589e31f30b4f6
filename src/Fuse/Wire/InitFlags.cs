namespace VirtioFs.Fuse.Wire;

/// <summary>What INIT agrees on (<c>FUSE_…</c> INIT flags, <c>linux/fuse.h</c>); bits from 32 up travel in <c>flags2</c>.</summary>
[Flags]
public enum InitFlags : ulong
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary><c>FUSE_ASYNC_READ</c>: Reads may be sent in parallel.</summary>
    AsyncRead = 1UL << 0,

    /// <summary><c>FUSE_POSIX_LOCKS</c>: POSIX locks are ours.</summary>
    PosixLocks = 1UL << 1,

    /// <summary><c>FUSE_ATOMIC_O_TRUNC</c>: O_TRUNC is handled at open.</summary>
    AtomicTruncate = 1UL << 3,

    /// <summary><c>FUSE_EXPORT_SUPPORT</c>: Lookups of "." and ".." are handled.</summary>
    ExportSupport = 1UL << 4,

    /// <summary><c>FUSE_BIG_WRITES</c>: Writes over 4 KiB.</summary>
    BigWrites = 1UL << 5,

    /// <summary><c>FUSE_DONT_MASK</c>: The umask is ours to apply.</summary>
    DontMask = 1UL << 6,

    /// <summary><c>FUSE_FLOCK_LOCKS</c>: flock(2) locks are ours.</summary>
    FlockLocks = 1UL << 10,

    /// <summary><c>FUSE_HAS_IOCTL_DIR</c>: The guest sends ioctl on directories.</summary>
    DirectoryControl = 1UL << 11,

    /// <summary><c>FUSE_AUTO_INVAL_DATA</c>: Cached data is dropped when the modification time changes.</summary>
    AutoInvalidate = 1UL << 12,

    /// <summary><c>FUSE_DO_READDIRPLUS</c>: READDIRPLUS instead of READDIR.</summary>
    ReadDirectoryPlus = 1UL << 13,

    /// <summary><c>FUSE_READDIRPLUS_AUTO</c>: The guest chooses between the two.</summary>
    ReadDirectoryPlusAuto = 1UL << 14,

    /// <summary><c>FUSE_ASYNC_DIO</c>: Direct I/O may be sent in parallel.</summary>
    AsyncDirect = 1UL << 15,

    /// <summary><c>FUSE_WRITEBACK_CACHE</c>: The guest collects writes.</summary>
    WritebackCache = 1UL << 16,

    /// <summary><c>FUSE_NO_OPEN_SUPPORT</c>: OPEN may answer ENOSYS.</summary>
    NoOpen = 1UL << 17,

    /// <summary><c>FUSE_PARALLEL_DIROPS</c>: Lookups and readdir in one directory in parallel.</summary>
    ParallelDirectories = 1UL << 18,

    /// <summary><c>FUSE_HANDLE_KILLPRIV</c>: Clearing SUID and the like is ours.</summary>
    HandleKillPrivileges = 1UL << 19,

    /// <summary><c>FUSE_POSIX_ACL</c>: POSIX ACLs are evaluated by the guest.</summary>
    PosixAcl = 1UL << 20,

    /// <summary><c>FUSE_ABORT_ERROR</c>: ECONNABORTED after an abort.</summary>
    AbortError = 1UL << 21,

    /// <summary><c>FUSE_MAX_PAGES</c>: max_pages is valid.</summary>
    MaximumPages = 1UL << 22,

    /// <summary><c>FUSE_CACHE_SYMLINKS</c>: READLINK is cached.</summary>
    CacheSymbolicLinks = 1UL << 23,

    /// <summary><c>FUSE_NO_OPENDIR_SUPPORT</c>: OPENDIR may answer ENOSYS.</summary>
    NoOpenDirectory = 1UL << 24,

    /// <summary><c>FUSE_EXPLICIT_INVAL_DATA</c>: Cached data is dropped only when we say so.</summary>
    ExplicitInvalidate = 1UL << 25,

    /// <summary><c>FUSE_MAP_ALIGNMENT</c>: map_alignment is valid (DAX).</summary>
    MapAlignment = 1UL << 26,

    /// <summary><c>FUSE_SUBMOUNTS</c>: Mounts inside of the share become mounts in the guest.</summary>
    Submounts = 1UL << 27,

    /// <summary><c>FUSE_HANDLE_KILLPRIV_V2</c>: Clearing SUID and the like is ours where the guest says so.</summary>
    HandleKillPrivileges2 = 1UL << 28,

    /// <summary><c>FUSE_SETXATTR_EXT</c>: SETXATTR has flags of its own.</summary>
    SetXattrExtended = 1UL << 29,

    /// <summary><c>FUSE_INIT_EXT</c>: flags2 is valid.</summary>
    Extended = 1UL << 30,

    /// <summary><c>FUSE_SECURITY_CTX</c>: Security labels come with creation.</summary>
    SecurityContext = 1UL << 32,

    /// <summary><c>FUSE_HAS_INODE_DAX</c>: DAX is chosen for each inode.</summary>
    InodeDax = 1UL << 33,

    /// <summary><c>FUSE_CREATE_SUPP_GROUP</c>: A matching supplementary group comes with creation.</summary>
    CreateSupplementaryGroup = 1UL << 34,

    /// <summary><c>FUSE_HAS_EXPIRE_ONLY</c>: Entries can expire without being dropped.</summary>
    ExpireOnly = 1UL << 35,

    /// <summary><c>FUSE_DIRECT_IO_ALLOW_MMAP</c>: Shared mmap of files with direct I/O.</summary>
    DirectIoAllowMmap = 1UL << 36,

    /// <summary><c>FUSE_PASSTHROUGH</c>: Data of some files bypasses FUSE.</summary>
    Passthrough = 1UL << 37,

    /// <summary><c>FUSE_NO_EXPORT_SUPPORT</c>: No file handles for NFS.</summary>
    NoExportSupport = 1UL << 38,

    /// <summary><c>FUSE_HAS_RESEND</c>: Requests may come twice.</summary>
    Resend = 1UL << 39,

    /// <summary><c>FUSE_ALLOW_IDMAP</c>: Id-mapped mounts in the guest.</summary>
    AllowIdMap = 1UL << 40,

    /// <summary><c>FUSE_OVER_IO_URING</c>: Requests over io_uring.</summary>
    OverIoUring = 1UL << 41,

    /// <summary><c>FUSE_REQUEST_TIMEOUT</c>: Requests have a time limit.</summary>
    RequestTimeout = 1UL << 42,
}
