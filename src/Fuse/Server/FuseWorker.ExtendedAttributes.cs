using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>Operations on extended attributes.</summary>
public sealed unsafe partial class FuseWorker
{
    private nint GetExtendedAttribute(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out GetXattrIn arguments))
        {
            return -Errno.EINVAL;
        }

        int named = ReadAttributeName(ref reader);
        if (named < 0)
        {
            return named;
        }

        uint size = Math.Min(arguments.Size, ExtendedAttributes.MaximumValueSize);
        nint result = _files.GetExtendedAttribute(_context, header.NodeId, _memory.FirstText, _memory.Value, size);
        return PutSized(reply, arguments.Size, result);
    }

    private nint ListExtendedAttributes(in InHeader header, ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryRead(out GetXattrIn arguments))
        {
            return -Errno.EINVAL;
        }

        uint size = Math.Min(arguments.Size, ExtendedAttributes.MaximumListSize);
        nint result = _files.ListExtendedAttributes(_context, header.NodeId, _memory.Value, size);
        return PutSized(reply, arguments.Size, result);
    }

    private nint SetExtendedAttribute(in InHeader header, ref RequestReader reader)
    {
        int layout = _context.Negotiated.Has(InitFlags.SetXattrExtended) ? sizeof(SetXattrIn) : SetXattrIn.CompatibleSize;
        if (!reader.TryReadPrefix(layout, out SetXattrIn arguments))
        {
            return -Errno.EINVAL;
        }

        int named = ReadAttributeName(ref reader);
        if (named < 0)
        {
            return named;
        }

        if (arguments.Size > ExtendedAttributes.MaximumValueSize)
        {
            return -Errno.E2BIG;
        }

        return reader.TryRead(_memory.Value, arguments.Size)
            ? _files.SetExtendedAttribute(_context, header.NodeId, _memory.FirstText, _memory.Value, arguments)
            : -Errno.EINVAL;
    }

    private nint RemoveExtendedAttribute(in InHeader header, ref RequestReader reader)
    {
        int named = ReadAttributeName(ref reader);
        return named < 0 ? named : _files.RemoveExtendedAttribute(_context, header.NodeId, _memory.FirstText);
    }

    /// <summary>Copies an attribute's name: 1 to 255 bytes (<c>XATTR_NAME_MAX</c>). ERANGE otherwise, as the kernel answers.</summary>
    private int ReadAttributeName(ref RequestReader reader)
    {
        if (!reader.TryReadText(_memory.FirstText, ExtendedAttributes.MaximumNameSize, out int length))
        {
            return -Errno.EINVAL;
        }

        return length is > 0 and <= ExtendedAttributes.MaximumNameSize ? 0 : -Errno.ERANGE;
    }

    private nint PutSized(ReplyWriter reply, uint asked, nint result)
    {
        if (result < 0)
        {
            return result;
        }

        return asked == 0 ? reply.Put(new GetXattrOut { Size = (uint)result }) : reply.Put(_memory.Value, (uint)result);
    }
}
