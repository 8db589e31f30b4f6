using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml;

/// <summary>A reference to a libvirt domain, given back when nobody uses it any more.</summary>
internal sealed class DomainHandle : SafeHandle
{
    public DomainHandle()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    public static DomainHandle Own(nint pointer)
    {
        DomainHandle owner = new();
        owner.SetHandle(pointer);
        return owner;
    }

    protected override bool ReleaseHandle() => LibvirtNative.DomainFree(handle) >= 0;
}
