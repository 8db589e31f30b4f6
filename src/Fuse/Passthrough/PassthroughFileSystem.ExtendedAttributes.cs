using System.Runtime.InteropServices;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>Extended attributes, under the names that the share's rules give them.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    private const int NameRoom = ExtendedAttributes.MaximumNameSize + 1;
    private readonly bool _hidesNoAttributes;

    /// <inheritdoc/>
    public nint GetExtendedAttribute(RequestContext request, ulong node, byte* name, byte* value, uint size)
    {
        byte* hostName = stackalloc byte[NameRoom];
        int result = PinAttributes(node, name, hostName, out InodePin pin, out int descriptor);
        using (pin)
        {
            // What may not be touched is not there for who asks, as virtiofsd has it.
            return result == -Errno.EPERM ? -Errno.ENODATA
                : result < 0 ? result : IsTranslated(hostName) ? GetCapability(descriptor, hostName, value, size)
                : ExtendedAttributes.Get(descriptor, hostName, value, size);
        }
    }

    /// <inheritdoc/>
    public int SetExtendedAttribute(RequestContext request, ulong node, byte* name, byte* value, in SetXattrIn arguments)
    {
        byte* hostName = stackalloc byte[NameRoom];
        int result = PinAttributes(node, name, hostName, out InodePin pin, out int descriptor);
        using (pin)
        {
            result = result < 0 ? result : SetAttribute(descriptor, hostName, value, arguments.Size, (int)arguments.Flags);
            bool kill = (arguments.SetXattrFlags & SetXattrIn.AclKillsSetGroupId) != 0;
            return result == 0 && kill ? DropSetGroupId(descriptor) : result;
        }
    }

    /// <inheritdoc/>
    public nint ListExtendedAttributes(RequestContext request, ulong node, byte* list, uint size)
    {
        int result = PinAttributes(node, out InodePin pin, out int descriptor);
        using (pin)
        {
            bool isWhole = _hidesNoAttributes && MayKnowTrusted(request);
            return result < 0 ? result
                : isWhole ? ExtendedAttributes.List(descriptor, list, size) : ListFiltered(request, descriptor, list, size);
        }
    }

    /// <inheritdoc/>
    public int RemoveExtendedAttribute(RequestContext request, ulong node, byte* name)
    {
        byte* hostName = stackalloc byte[NameRoom];
        int result = PinAttributes(node, name, hostName, out InodePin pin, out int descriptor);
        using (pin)
        {
            return result < 0 ? result : ExtendedAttributes.Remove(descriptor, hostName);
        }
    }

    /// <summary>Begins to use an inode's attributes. ENOSYS, by which the guest asks no more, where the share does not pass them on.</summary>
    private int PinAttributes(ulong node, out InodePin pin, out int descriptor)
    {
        pin = default;
        descriptor = -1;
        return _options.ExtendedAttributes ? PinInode(node, out pin, out descriptor) : -Errno.ENOSYS;
    }

    private int PinAttributes(ulong node, byte* name, byte* hostName, out InodePin pin, out int descriptor)
    {
        int result = PinAttributes(node, out pin, out descriptor);
        return result < 0 ? result : Translate(name, hostName);
    }

    private int Translate(byte* name, byte* hostName)
    {
        ReadOnlySpan<byte> guestName = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);
        Span<byte> target = new(hostName, NameRoom);
        int result = 0;
        if (_options.XattrMap is not null)
        {
            result = _options.XattrMap.TryToHost(guestName, target);
        }
        else
        {
            guestName.CopyTo(target);
            target[guestName.Length] = 0;
        }

        return result == 0 ? CheckAttribute(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(hostName)) : result;
    }

    private bool IsTranslated(byte* hostName) =>
        _options.UserIds.Count > 0 && MemoryMarshal.CreateReadOnlySpanFromNullTerminated(hostName).SequenceEqual(FileCapability.Name);

    private int SetAttribute(int descriptor, byte* hostName, byte* value, uint size, int flags)
    {
        int translated = IsTranslated(hostName) ? FileCapability.TryToHost(value, size, _userIds) : (int)size;
        return translated < 0 ? translated : ExtendedAttributes.Set(descriptor, hostName, value, (uint)translated, flags);
    }

    /// <summary>A file's capabilities, for the root that the guest knows by its own id.</summary>
    private nint GetCapability(int descriptor, byte* hostName, byte* value, uint size)
    {
        const int Room = 64;
        byte* host = stackalloc byte[Room];
        nint length = ExtendedAttributes.Get(descriptor, hostName, host, Room);
        if (length < 0)
        {
            return length;
        }

        length = FileCapability.ToGuest(host, (uint)length, _userIds);
        if (size > 0 && length > size)
        {
            return -Errno.ERANGE;
        }

        new ReadOnlySpan<byte>(host, size == 0 ? 0 : (int)length).CopyTo(new Span<byte>(value, (int)size));
        return length;
    }

    /// <summary>
    /// The list in full goes through scratch memory: what is hidden or becomes shorter makes room for what follows. Names of trusted
    /// attributes are for root alone (xattr(7)), which the guest's kernel leaves to us; so they are told to a caller that it does not name.
    /// </summary>
    private nint ListFiltered(RequestContext request, int descriptor, byte* list, uint size)
    {
        byte* host = request.Scratch;
        nint length = ExtendedAttributes.List(descriptor, host, ExtendedAttributes.MaximumListSize);
        if (length < 0)
        {
            return length;
        }

        int total = 0;
        for (ReadOnlySpan<byte> rest = new(host, (int)length); !rest.IsEmpty;)
        {
            int end = rest.IndexOf((byte)0);
            bool isHidden = CheckAttribute(rest[..end]) < 0;
            ReadOnlySpan<byte> name = _options.XattrMap is null ? rest[..end] : _options.XattrMap.ToGuest(rest[..end]);
            rest = rest[(end + 1)..];
            if (isHidden || name.IsEmpty || (name.StartsWith("trusted."u8) && !MayKnowTrusted(request)))
            {
                continue;
            }

            if (size > 0)
            {
                if (total + name.Length + 1 > size)
                {
                    return -Errno.ERANGE;
                }

                name.CopyTo(new Span<byte>(list + total, name.Length));
                list[total + name.Length] = 0;
            }

            total += name.Length + 1;
        }

        return total;
    }

    private static bool MayKnowTrusted(RequestContext request) => request.UserId is 0 or RequestContext.UnknownId;

    /// <summary>Gives a new file the label that came with its creation (<c>FUSE_SECURITY_CTX</c>).</summary>
    private int SetLabel(RequestContext request, ulong node)
    {
        byte* hostName = stackalloc byte[NameRoom];
        int result = PinAttributes(node, request.SecurityName, hostName, out InodePin pin, out int descriptor);
        using (pin)
        {
            return result < 0 ? result : SetAttribute(descriptor, hostName, request.SecurityValue, request.SecurityValueSize, 0);
        }
    }

    private int DropSetGroupId(int descriptor)
    {
        const uint SetGroupId = 0x400;
        int result = FileStatus.Of(descriptor, out FileStatus status);
        return result < 0 || (status.Mode & SetGroupId) == 0 ? result
            : ChangeMode(descriptor, new SetAttributesIn { Valid = AttributeChanges.Mode, Mode = status.Mode & ~SetGroupId });
    }

    /// <summary>Removes a file's capabilities before it is changed, where they go by a name that the host's kernel does not know for that.</summary>
    private int DropRenamedCapability(ulong node)
    {
        if (_options.XattrMap?.RenamedCapability is null)
        {
            return 0;
        }

        int result = _inodes.Pin(node, out InodePin pin);
        using (pin)
        {
            return result < 0 ? result : DropRenamedCapability(pin);
        }
    }

    private int DropRenamedCapability(in InodePin pin)
    {
        if (_options.XattrMap?.RenamedCapability is null)
        {
            return 0;
        }

        int descriptor = _inodes.Descriptor(pin);
        return descriptor < 0 ? descriptor : DropRenamedCapability(descriptor);
    }

    private int DropRenamedCapability(int descriptor)
    {
        byte[]? name = _options.XattrMap?.RenamedCapability;
        if (name is null)
        {
            return 0;
        }

        fixed (byte* bytes = name)
        {
            int result = ExtendedAttributes.Remove(descriptor, bytes);
            return result is -Errno.ENODATA or -Errno.EOPNOTSUPP ? 0 : result;
        }
    }
}
