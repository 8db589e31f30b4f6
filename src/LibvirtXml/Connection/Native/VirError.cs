using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml.Connection.Native;

/// <summary>The beginning of `struct _virError` in virterror.h; the rest is not read.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VirError
{
    public int Code;
    public int Domain;
    public byte* Message;
}
