using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.Wire;

/// <summary>What CREATE and TMPFILE answer: <c>fuse_entry_out</c>, then <c>fuse_open_out</c>; 144 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseCreateOut
{
    public FuseEntryOut Entry;
    public FuseOpenOut Open;
}
