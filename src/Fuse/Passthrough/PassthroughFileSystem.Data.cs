using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.OpenFiles;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>What is in open files.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    /// <inheritdoc/>
    public nint Read(RequestContext request, ulong node, in ReadIn arguments, ReadOnlySpan<IoVec> target)
    {
        int result = _open.Pin(arguments.Handle, node, isDirectory: false, out OpenFilePin file);
        using (file)
        {
            if (result < 0)
            {
                return result;
            }

            if (arguments.Offset > (ulong)(long.MaxValue - arguments.Size))
            {
                return -Errno.EINVAL;
            }

            // A file system in memory has no RWF_NOWAIT, and nothing to wait for.
            return request.Patience != Patience.None || _mounts[file.File->Mount].IsMemory
                ? ReadFully(file.Descriptor, target, arguments, 0)
                : ReadWithoutWaiting(file, target, arguments);
        }
    }

    /// <inheritdoc/>
    public nint Write(RequestContext request, ulong node, in WriteIn arguments, ReadOnlySpan<IoVec> source)
    {
        int result = _open.Pin(arguments.Handle, node, isDirectory: false, out OpenFilePin file);
        using (file)
        {
            if (result < 0)
            {
                return result;
            }

            if (arguments.Offset > (ulong)(long.MaxValue - arguments.Size))
            {
                return -Errno.EFBIG;
            }

            if (!request.MayBlock && (arguments.Flags & OpenFlags.Sync) != 0)
            {
                return FileSystemResult.WouldBlock;
            }

            result = DropRenamedCapability(node);
            if (result < 0)
            {
                return result;
            }

            using SetIdLossScope loss = LoseSetId(request, (arguments.WriteFlags & WriteIn.KillSetId) != 0);
            if (loss.Error < 0)
            {
                return loss.Error;
            }

            nint written = (arguments.WriteFlags & WriteIn.FromCache) != 0
                ? WritePages(file.Descriptor, source, arguments)
                : WriteFully(file.Descriptor, source, arguments);
            NoteOwnChange(node);
            return written;
        }
    }

    /// <inheritdoc/>
    public long Seek(RequestContext request, ulong node, in SeekIn arguments)
    {
        if (request.Negotiated.Has(InitFlags.WritebackCache))
        {
            // What the guest has not sent yet is no hole: without us it takes the whole file for data, which is always true.
            return -Errno.ENOSYS;
        }

        int result = _open.Pin(arguments.Handle, node, isDirectory: false, out OpenFilePin file);
        using (file)
        {
            return result < 0 ? result : Files.Seek(file.Descriptor, (long)arguments.Offset, (int)arguments.Whence);
        }
    }

    /// <inheritdoc/>
    public int Allocate(RequestContext request, ulong node, in AllocateIn arguments)
    {
        if (!request.MayBlock)
        {
            return FileSystemResult.WouldBlock;
        }

        int result = _open.Pin(arguments.Handle, node, isDirectory: false, out OpenFilePin file);
        using (file)
        {
            result = result < 0 ? result : DropRenamedCapability(node);
            if (result < 0)
            {
                return result;
            }

            NoteOwnChange(node);
            using SetIdLossScope loss = LoseSetId(request, KillsUnasked(request));
            return loss.Error < 0
                ? loss.Error
                : Files.Allocate(file.Descriptor, (int)arguments.Mode, (long)arguments.Offset, (long)arguments.Length);
        }
    }

    private static nint ReadWithoutWaiting(in OpenFilePin file, ReadOnlySpan<IoVec> target, in ReadIn arguments)
    {
        nint read = ReadFully(file.Descriptor, target, arguments, Files.NoWait);
        if (read == arguments.Size || (read < 0 && read is not (-Errno.EAGAIN or -Errno.EOPNOTSUPP)))
        {
            return read;
        }

        // Fewer bytes: the end of the file, or of what is in memory. One more byte tells.
        byte next;
        IoVec piece = new((nint)(&next), 1);
        return read >= 0 && Files.Read(file.Descriptor, new ReadOnlySpan<IoVec>(in piece), (long)arguments.Offset + read, Files.NoWait) == 0
            ? read
            : FileSystemResult.WouldBlock;
    }

    /// <summary>
    /// Reads all pieces, to the end of the file at most. To a guest's page cache fewer bytes are the file's end, and the rest zeroes,
    /// so a disk's error must not look like that: it wins over what was read before it, unless the guest's program reads past the cache.
    /// </summary>
    private static nint ReadFully(int descriptor, ReadOnlySpan<IoVec> target, in ReadIn arguments, int flags)
    {
        const int Sector = 512;
        nint total = 0;
        IoVecCursor left = new(target);
        while (!left.IsAtEnd)
        {
            nint read = Files.Read(descriptor, left.Next, (long)arguments.Offset + total, flags);
            if (read < 0)
            {
                return total > 0 && (arguments.Flags & OpenFlags.Direct) != 0 ? total : read;
            }

            total += read;
            bool isShort = !left.Advance(read);
            // Only a file's end lies inside of a sector, so that most need not be asked for once more.
            if (read == 0 || (isShort && ((long)arguments.Offset + total) % Sector != 0))
            {
                return total;
            }
        }

        return total;
    }

    /// <summary>
    /// Writes pages that a guest has collected, or that a program has mapped. They have their place however the file is open: O_APPEND
    /// would move them, and O_DIRECT does not take the last one, which ends where the file ends.
    /// </summary>
    private nint WritePages(int descriptor, ReadOnlySpan<IoVec> source, in WriteIn arguments)
    {
        nint written;
        if (!Files.Appends(descriptor))
        {
            written = WriteFully(descriptor, source, arguments);
            return written == -Errno.EINVAL && Files.LeaveDirect(descriptor) ? WriteFully(descriptor, source, arguments) : written;
        }

        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        int inPlace = Files.Open(_descriptors.Value, name, OpenFlags.WriteOnly | OpenFlags.NoControllingTerminal);
        written = inPlace < 0 ? inPlace : WriteFully(inPlace, source, arguments);
        FileDescriptor.Close(inPlace);
        return written;
    }

    /// <summary>
    /// Writes pieces. To a guest's page cache fewer bytes are as good as all (<c>fuse_writepage_end</c>, <c>fs/fuse/file.c</c>), so what it
    /// sends is written wholly, or else answers the error; programs are told how much was written.
    /// </summary>
    private static nint WriteFully(int descriptor, ReadOnlySpan<IoVec> source, in WriteIn arguments)
    {
        bool isWholeOrError = (arguments.WriteFlags & WriteIn.FromCache) != 0;
        nint total = 0;
        IoVecCursor left = new(source);
        while (!left.IsAtEnd)
        {
            nint written = Files.Write(descriptor, left.Next, (long)arguments.Offset + total);
            if (written < 0)
            {
                return total > 0 && !isWholeOrError ? total : written;
            }

            total += written;
            bool isShort = !left.Advance(written);
            if (isShort && (written == 0 || !isWholeOrError))
            {
                return isWholeOrError ? -Errno.EIO : total;
            }
        }

        return total;
    }
}
