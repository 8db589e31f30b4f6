using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary><c>struct fuse_direntplus</c> of <c>linux/fuse.h</c>, 152 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseDirentPlus
{
    public FuseEntryOut Entry;
    public FuseDirent Dirent;
}
