namespace VirtioFs.Frontend.Wire;

/// <summary>The <c>INIT</c> flags of <c>linux/fuse.h</c>; bits 32 and up travel in <c>flags2</c>.</summary>
[Flags]
public enum FuseInitFlags : ulong
{
    None = 0,
    AsyncRead = 1 << 0,
    PosixLocks = 1 << 1,
    FileOps = 1 << 2,
    AtomicTruncate = 1 << 3,
    ExportSupport = 1 << 4,
    BigWrites = 1 << 5,
    DontMask = 1 << 6,
    SpliceWrite = 1 << 7,
    SpliceMove = 1 << 8,
    SpliceRead = 1 << 9,
    FlockLocks = 1 << 10,
    HasIoctlDirectory = 1 << 11,
    AutoInvalidateData = 1 << 12,
    DoReaddirplus = 1 << 13,
    ReaddirplusAuto = 1 << 14,
    AsyncDirectIo = 1 << 15,
    WritebackCache = 1 << 16,
    NoOpenSupport = 1 << 17,
    ParallelDirectoryOps = 1 << 18,
    HandleKillPrivileges = 1 << 19,
    PosixAcl = 1 << 20,
    AbortError = 1 << 21,
    MaximumPages = 1 << 22,
    CacheSymlinks = 1 << 23,
    NoOpendirSupport = 1 << 24,
    ExplicitInvalidateData = 1 << 25,
    MapAlignment = 1 << 26,
    Submounts = 1 << 27,
    HandleKillPrivilegesV2 = 1 << 28,
    SetxattrExtended = 1 << 29,
    InitExtended = 1 << 30,
    SecurityContext = 1UL << 32,
    HasInodeDax = 1UL << 33,
    CreateSupplementaryGroups = 1UL << 34,
    HasExpireOnly = 1UL << 35,
    DirectIoAllowMmap = 1UL << 36,
    Passthrough = 1UL << 37,
    NoExportSupport = 1UL << 38,
    HasResend = 1UL << 39,
    AllowIdmap = 1UL << 40,

    /// <summary>What a Linux guest of version 6.12 offers over virtio-fs.</summary>
    LinuxGuest = AsyncRead | PosixLocks | AtomicTruncate | ExportSupport | BigWrites | DontMask | FlockLocks | HasIoctlDirectory
        | AutoInvalidateData | DoReaddirplus | ReaddirplusAuto | AsyncDirectIo | WritebackCache | NoOpenSupport
        | ParallelDirectoryOps | HandleKillPrivileges | PosixAcl | AbortError | MaximumPages | CacheSymlinks | NoOpendirSupport
        | ExplicitInvalidateData | Submounts | HandleKillPrivilegesV2 | SetxattrExtended | InitExtended | SecurityContext
        | CreateSupplementaryGroups | HasExpireOnly | DirectIoAllowMmap | AllowIdmap,
}
