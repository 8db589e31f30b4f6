using VirtioFs.Frontend.Wire;

namespace VirtioFs.Frontend.Fuse;

// What works on open files.
public sealed unsafe partial class FuseClient
{
    /// <summary>OPEN with <c>O_*</c> flags.</summary>
    public int Open(ulong node, uint flags, out FuseOpenOut answer, uint openFlags = 0) =>
        Ask(Call.Begin(FuseOpcode.Open, node).Append(new FuseOpenIn { Flags = flags, OpenFlags = openFlags }), out answer);

    /// <summary>CREATE: makes and opens.</summary>
    public int Create(ulong parent, ReadOnlySpan<char> name, uint flags, uint mode, out FuseCreateOut answer, uint umask = 0) =>
        Ask(Call.Begin(FuseOpcode.Create, parent).Append(new FuseCreateIn { Flags = flags, Mode = mode, Umask = umask }).AppendName(name), out answer);

    /// <summary>TMPFILE: makes and opens a file without a name. A Linux guest sends a name all the same.</summary>
    public int Tmpfile(ulong parent, uint flags, uint mode, out FuseCreateOut answer) =>
        Ask(Call.Begin(FuseOpcode.Tmpfile, parent).Append(new FuseCreateIn { Flags = flags, Mode = mode }).AppendName("#1"), out answer);

    /// <summary>READ. Bytes read, which lie in <see cref="FuseRequest.Data"/> of <see cref="Call"/>, or a negated error number.</summary>
    public int Read(ulong node, ulong handle, ulong offset, int size)
    {
        int error = Transact(Call.Begin(FuseOpcode.Read, node)
            .Append(new FuseReadIn { Handle = handle, Offset = offset, Size = (uint)size }).ExpectData(size));
        return error != 0 ? error : Call.DataLength;
    }

    /// <summary>WRITE. Bytes written, or a negated error number.</summary>
    public int Write(ulong node, ulong handle, ulong offset, ReadOnlySpan<byte> data, uint writeFlags = 0)
    {
        data.CopyTo(Call.DataBuffer.Span);
        int error = Ask(
            Call.Begin(FuseOpcode.Write, node)
                .Append(new FuseWriteIn { Handle = handle, Offset = offset, Size = (uint)data.Length, WriteFlags = writeFlags })
                .SendData(data.Length),
            out FuseWriteOut answer);
        return error != 0 ? error : (int)answer.Size;
    }

    /// <summary>RELEASE.</summary>
    public int Release(ulong node, ulong handle, uint releaseFlags = 0, ulong lockOwner = 0) =>
        Transact(Call.Begin(FuseOpcode.Release, node)
            .Append(new FuseReleaseIn { Handle = handle, ReleaseFlags = releaseFlags, LockOwner = lockOwner }));

    /// <summary>FLUSH.</summary>
    public int Flush(ulong node, ulong handle, ulong lockOwner = 0) =>
        Transact(Call.Begin(FuseOpcode.Flush, node).Append(new FuseFlushIn { Handle = handle, LockOwner = lockOwner }));

    /// <summary>FSYNC; of the data alone when asked.</summary>
    public int Fsync(ulong node, ulong handle, bool dataOnly = false) =>
        Transact(Call.Begin(FuseOpcode.Fsync, node).Append(new FuseFsyncIn { Handle = handle, Flags = dataOnly ? 1u : 0 }));

    /// <summary>FALLOCATE with <c>FALLOC_FL_*</c> modes.</summary>
    public int Fallocate(ulong node, ulong handle, ulong offset, ulong length, uint mode) =>
        Transact(Call.Begin(FuseOpcode.Fallocate, node)
            .Append(new FuseFallocateIn { Handle = handle, Offset = offset, Length = length, Mode = mode }));

    /// <summary>LSEEK. The new offset, or a negated error number.</summary>
    public long Lseek(ulong node, ulong handle, ulong offset, uint whence)
    {
        int error = Ask(
            Call.Begin(FuseOpcode.Lseek, node).Append(new FuseLseekIn { Handle = handle, Offset = offset, Whence = whence }),
            out FuseLseekOut answer);
        return error != 0 ? error : (long)answer.Offset;
    }

    /// <summary>COPY_FILE_RANGE. Bytes copied, or a negated error number.</summary>
    public int CopyFileRange(in FuseCopyFileRangeIn argument, ulong node)
    {
        int error = Ask(Call.Begin(FuseOpcode.CopyFileRange, node).Append(argument), out FuseWriteOut answer);
        return error != 0 ? error : (int)answer.Size;
    }

    /// <summary>COPY_FILE_RANGE_64. Bytes copied, or a negated error number.</summary>
    public long CopyFileRange64(in FuseCopyFileRangeIn argument, ulong node)
    {
        int error = Ask(Call.Begin(FuseOpcode.CopyFileRange64, node).Append(argument), out FuseCopyFileRangeOut answer);
        return error != 0 ? error : (long)answer.BytesCopied;
    }

    /// <summary>GETLK.</summary>
    public int Getlk(ulong node, in FuseLockIn argument, out FuseLockOut answer) =>
        Ask(Call.Begin(FuseOpcode.Getlk, node).Append(argument), out answer);

    /// <summary>SETLK, or SETLKW when it may wait.</summary>
    public int Setlk(ulong node, in FuseLockIn argument, bool wait = false) =>
        Transact(Call.Begin(wait ? FuseOpcode.Setlkw : FuseOpcode.Setlk, node).Append(argument));

    /// <summary>BMAP.</summary>
    public int Bmap(ulong node, ulong block, uint blockSize, out FuseBmapOut answer) =>
        Ask(Call.Begin(FuseOpcode.Bmap, node).Append(new FuseBmapIn { Block = block, BlockSize = blockSize }), out answer);

    /// <summary>IOCTL; what it answers beyond its structure lies in <see cref="FuseRequest.Data"/> of <see cref="Call"/>.</summary>
    public int Ioctl(ulong node, in FuseIoctlIn argument, ReadOnlySpan<byte> input, out FuseIoctlOut answer) =>
        Ask(Call.Begin(FuseOpcode.Ioctl, node).Append(argument).Append(input).ExpectData((int)argument.OutputSize), out answer);

    /// <summary>POLL.</summary>
    public int Poll(ulong node, in FusePollIn argument, out FusePollOut answer) =>
        Ask(Call.Begin(FuseOpcode.Poll, node).Append(argument), out answer);

    /// <summary>SETUPMAPPING (DAX).</summary>
    public int SetupMapping(ulong node, in FuseSetupMappingIn argument) =>
        Transact(Call.Begin(FuseOpcode.SetupMapping, node).Append(argument));

    /// <summary>REMOVEMAPPING (DAX).</summary>
    public int RemoveMapping(ulong node, ReadOnlySpan<FuseRemoveMappingOne> mappings)
    {
        Call.Begin(FuseOpcode.RemoveMapping, node).Append(new FuseRemoveMappingIn { Count = (uint)mappings.Length });
        foreach (ref readonly FuseRemoveMappingOne mapping in mappings)
        {
            Call.Append(mapping);
        }

        return Transact(Call);
    }
}
