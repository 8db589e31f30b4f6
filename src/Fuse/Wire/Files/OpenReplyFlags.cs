namespace VirtioFs.Fuse.Wire.Files;

/// <summary>How the guest may use a file that was opened (<c>FOPEN_…</c>).</summary>
[Flags]
public enum OpenReplyFlags : uint
{
    /// <summary>As always: pages cached before are dropped at open.</summary>
    None = 0,

    /// <summary><c>FOPEN_DIRECT_IO</c>: past the guest's page cache.</summary>
    DirectIo = 1 << 0,

    /// <summary><c>FOPEN_KEEP_CACHE</c>: pages cached before stay.</summary>
    KeepCache = 1 << 1,

    /// <summary><c>FOPEN_NONSEEKABLE</c>.</summary>
    NonSeekable = 1 << 2,

    /// <summary><c>FOPEN_CACHE_DIR</c>: the directory's content may be cached.</summary>
    CacheDirectory = 1 << 3,

    /// <summary><c>FOPEN_STREAM</c>.</summary>
    Stream = 1 << 4,

    /// <summary><c>FOPEN_NOFLUSH</c>: close needs no FLUSH.</summary>
    NoFlush = 1 << 5,

    /// <summary><c>FOPEN_PARALLEL_DIRECT_WRITES</c>.</summary>
    ParallelDirectWrites = 1 << 6,
}
