using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_setattr_in</c> of <c>linux/fuse.h</c>, 88 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSetattrIn
{
    public uint Valid;
    public uint Padding;
    public ulong Handle;
    public ulong Size;
    public ulong LockOwner;
    public ulong AccessSeconds;
    public ulong ModifySeconds;
    public ulong ChangeSeconds;
    public uint AccessNanoseconds;
    public uint ModifyNanoseconds;
    public uint ChangeNanoseconds;
    public uint Mode;
    public uint Unused4;
    public uint UserId;
    public uint GroupId;
    public uint Unused5;
}
