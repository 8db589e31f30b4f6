using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>Extended attributes.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    /// <inheritdoc/>
    public nint GetExtendedAttribute(RequestContext request, ulong node, byte* name, byte* value, uint size)
    {
        int result = PinAttributes(node, out InodePin pin, out int descriptor);
        using (pin)
        {
            return result < 0 ? result : ExtendedAttributes.Get(descriptor, name, value, size);
        }
    }

    /// <inheritdoc/>
    public int SetExtendedAttribute(RequestContext request, ulong node, byte* name, byte* value, in SetXattrIn arguments)
    {
        int result = PinAttributes(node, out InodePin pin, out int descriptor);
        using (pin)
        {
            return result < 0 ? result : ExtendedAttributes.Set(descriptor, name, value, arguments.Size, (int)arguments.Flags);
        }
    }

    /// <inheritdoc/>
    public nint ListExtendedAttributes(RequestContext request, ulong node, byte* list, uint size)
    {
        int result = PinAttributes(node, out InodePin pin, out int descriptor);
        using (pin)
        {
            return result < 0 ? result : ExtendedAttributes.List(descriptor, list, size);
        }
    }

    /// <inheritdoc/>
    public int RemoveExtendedAttribute(RequestContext request, ulong node, byte* name)
    {
        int result = PinAttributes(node, out InodePin pin, out int descriptor);
        using (pin)
        {
            return result < 0 ? result : ExtendedAttributes.Remove(descriptor, name);
        }
    }

    /// <summary>Begins to use an inode's attributes. ENOSYS, by which the guest asks no more, where the share does not pass them on.</summary>
    private int PinAttributes(ulong node, out InodePin pin, out int descriptor)
    {
        pin = default;
        descriptor = -1;
        return _options.ExtendedAttributes ? PinInode(node, out pin, out descriptor) : -Errno.ENOSYS;
    }
}
