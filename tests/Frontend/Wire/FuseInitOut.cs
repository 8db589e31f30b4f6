using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_init_out</c> of <c>linux/fuse.h</c>, 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct FuseInitOut
{
    public uint Major;
    public uint Minor;
    public uint MaximumReadahead;
    public uint Flags;
    public ushort MaximumBackground;
    public ushort CongestionThreshold;
    public uint MaximumWrite;
    public uint TimeGranularity;
    public ushort MaximumPages;
    public ushort MapAlignment;
    public uint Flags2;
    public fixed uint Unused[7];
}
