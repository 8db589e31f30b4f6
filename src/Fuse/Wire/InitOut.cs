using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_init_out</c> (<c>linux/fuse.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct InitOut
{
    /// <summary>Our protocol, major.</summary>
    public uint Major;

    /// <summary>Our protocol, minor.</summary>
    public uint Minor;

    /// <summary>Bytes that the guest may read ahead.</summary>
    public uint MaximumReadahead;

    /// <summary>Low half of <see cref="InitFlags"/>.</summary>
    public uint Flags;

    /// <summary>Requests that may wait in the background.</summary>
    public ushort MaximumBackground;

    /// <summary>From how many of them on the guest holds back.</summary>
    public ushort CongestionThreshold;

    /// <summary>Bytes of the largest write.</summary>
    public uint MaximumWrite;

    /// <summary>Granularity of times in nanoseconds.</summary>
    public uint TimeGranularity;

    /// <summary>Pages of the largest request.</summary>
    public ushort MaximumPages;

    /// <summary>Alignment for DAX, as a power of two.</summary>
    public ushort MapAlignment;

    /// <summary>High half of <see cref="InitFlags"/>.</summary>
    public uint Flags2;

    /// <summary>Layers of stacking, for passthrough.</summary>
    public uint MaximumStackDepth;

    /// <summary>Seconds until a request is given up.</summary>
    public ushort RequestTimeout;

    /// <summary>Unused.</summary>
    public fixed ushort Unused[11];
}
