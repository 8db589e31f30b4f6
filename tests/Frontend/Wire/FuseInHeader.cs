using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_in_header</c> of <c>linux/fuse.h</c>, 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseInHeader
{
    public uint Length;
    public uint Opcode;
    public ulong Unique;
    public ulong NodeId;
    public uint UserId;
    public uint GroupId;
    public uint ProcessId;
    public ushort ExtensionLength;
    public ushort Padding;
}
