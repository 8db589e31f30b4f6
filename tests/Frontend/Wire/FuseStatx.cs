using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_statx</c> of <c>linux/fuse.h</c>, 256 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct FuseStatx
{
    public uint Mask;
    public uint BlockSize;
    public ulong Attributes;
    public uint LinkCount;
    public uint UserId;
    public uint GroupId;
    public ushort Mode;
    public ushort Spare0;
    public ulong Inode;
    public ulong Size;
    public ulong Blocks;
    public ulong AttributesMask;
    public FuseSxTime AccessTime;
    public FuseSxTime BirthTime;
    public FuseSxTime ChangeTime;
    public FuseSxTime ModifyTime;
    public uint DeviceNumberMajor;
    public uint DeviceNumberMinor;
    public uint DeviceMajor;
    public uint DeviceMinor;
    public fixed ulong Spare[14];
}
