namespace VirtioFs.Fuse.Wire;

/// <summary>What a request asks for (<c>enum fuse_opcode</c>, <c>linux/fuse.h</c>; 7.45).</summary>
public enum FuseOpcode : uint
{
    /// <summary><c>FUSE_LOOKUP</c>.</summary>
    Lookup = 1,

    /// <summary><c>FUSE_FORGET</c>.</summary>
    Forget = 2,

    /// <summary><c>FUSE_GETATTR</c>.</summary>
    GetAttributes = 3,

    /// <summary><c>FUSE_SETATTR</c>.</summary>
    SetAttributes = 4,

    /// <summary><c>FUSE_READLINK</c>.</summary>
    ReadLink = 5,

    /// <summary><c>FUSE_SYMLINK</c>.</summary>
    SymbolicLink = 6,

    /// <summary><c>FUSE_MKNOD</c>.</summary>
    MakeNode = 8,

    /// <summary><c>FUSE_MKDIR</c>.</summary>
    MakeDirectory = 9,

    /// <summary><c>FUSE_UNLINK</c>.</summary>
    Unlink = 10,

    /// <summary><c>FUSE_RMDIR</c>.</summary>
    RemoveDirectory = 11,

    /// <summary><c>FUSE_RENAME</c>.</summary>
    Rename = 12,

    /// <summary><c>FUSE_LINK</c>.</summary>
    Link = 13,

    /// <summary><c>FUSE_OPEN</c>.</summary>
    Open = 14,

    /// <summary><c>FUSE_READ</c>.</summary>
    Read = 15,

    /// <summary><c>FUSE_WRITE</c>.</summary>
    Write = 16,

    /// <summary><c>FUSE_STATFS</c>.</summary>
    FileSystemStatus = 17,

    /// <summary><c>FUSE_RELEASE</c>.</summary>
    Release = 18,

    /// <summary><c>FUSE_FSYNC</c>.</summary>
    Sync = 20,

    /// <summary><c>FUSE_SETXATTR</c>.</summary>
    SetExtendedAttribute = 21,

    /// <summary><c>FUSE_GETXATTR</c>.</summary>
    GetExtendedAttribute = 22,

    /// <summary><c>FUSE_LISTXATTR</c>.</summary>
    ListExtendedAttributes = 23,

    /// <summary><c>FUSE_REMOVEXATTR</c>.</summary>
    RemoveExtendedAttribute = 24,

    /// <summary><c>FUSE_FLUSH</c>.</summary>
    Flush = 25,

    /// <summary><c>FUSE_INIT</c>.</summary>
    Initialize = 26,

    /// <summary><c>FUSE_OPENDIR</c>.</summary>
    OpenDirectory = 27,

    /// <summary><c>FUSE_READDIR</c>.</summary>
    ReadDirectory = 28,

    /// <summary><c>FUSE_RELEASEDIR</c>.</summary>
    ReleaseDirectory = 29,

    /// <summary><c>FUSE_FSYNCDIR</c>.</summary>
    SyncDirectory = 30,

    /// <summary><c>FUSE_GETLK</c>.</summary>
    GetLock = 31,

    /// <summary><c>FUSE_SETLK</c>.</summary>
    SetLock = 32,

    /// <summary><c>FUSE_SETLKW</c>.</summary>
    SetLockWait = 33,

    /// <summary><c>FUSE_ACCESS</c>.</summary>
    Access = 34,

    /// <summary><c>FUSE_CREATE</c>.</summary>
    Create = 35,

    /// <summary><c>FUSE_INTERRUPT</c>.</summary>
    Interrupt = 36,

    /// <summary><c>FUSE_BMAP</c>.</summary>
    MapBlock = 37,

    /// <summary><c>FUSE_DESTROY</c>.</summary>
    Destroy = 38,

    /// <summary><c>FUSE_IOCTL</c>.</summary>
    Control = 39,

    /// <summary><c>FUSE_POLL</c>.</summary>
    Poll = 40,

    /// <summary><c>FUSE_NOTIFY_REPLY</c>.</summary>
    NotifyReply = 41,

    /// <summary><c>FUSE_BATCH_FORGET</c>.</summary>
    BatchForget = 42,

    /// <summary><c>FUSE_FALLOCATE</c>.</summary>
    Allocate = 43,

    /// <summary><c>FUSE_READDIRPLUS</c>.</summary>
    ReadDirectoryPlus = 44,

    /// <summary><c>FUSE_RENAME2</c>.</summary>
    Rename2 = 45,

    /// <summary><c>FUSE_LSEEK</c>.</summary>
    Seek = 46,

    /// <summary><c>FUSE_COPY_FILE_RANGE</c>.</summary>
    CopyFileRange = 47,

    /// <summary><c>FUSE_SETUPMAPPING</c>.</summary>
    SetUpMapping = 48,

    /// <summary><c>FUSE_REMOVEMAPPING</c>.</summary>
    RemoveMapping = 49,

    /// <summary><c>FUSE_SYNCFS</c>.</summary>
    SyncFileSystem = 50,

    /// <summary><c>FUSE_TMPFILE</c>.</summary>
    TemporaryFile = 51,

    /// <summary><c>FUSE_STATX</c>.</summary>
    ExtendedStatus = 52,

    /// <summary><c>FUSE_COPY_FILE_RANGE_64</c>.</summary>
    CopyFileRange64 = 53,
}
