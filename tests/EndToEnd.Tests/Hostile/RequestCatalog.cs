using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Hostile;

/// <summary>One well-formed request of every operation, over files that it has made for them.</summary>
internal sealed class RequestCatalog
{
    /// <summary>The number of each request.</summary>
    public const ulong Unique = 4242;

    private readonly SharedTree _tree;
    private readonly VirtioFsGuest _guest;
    private ulong _file, _fileHandle, _directory, _directoryHandle, _link;

    public RequestCatalog(SharedTree tree, VirtioFsGuest? guest = null)
    {
        (_tree, _guest) = (tree, guest ?? tree.Guest);
        Refresh();
    }

    /// <summary>The operations that FUSE answers, up to protocol 7.45.</summary>
    public static IEnumerable<FuseOpcode> Answered { get; } = Enum.GetValues<FuseOpcode>().Where(opcode => !IsForget(opcode));

    /// <summary>The operations without an answer.</summary>
    public static bool IsForget(FuseOpcode opcode) => opcode is FuseOpcode.Forget or FuseOpcode.BatchForget;

    /// <summary>The operations that no guest can send over virtio-fs, or that nobody serves yet.</summary>
    public static bool IsOptional(FuseOpcode opcode) => opcode is FuseOpcode.Interrupt or FuseOpcode.Bmap or FuseOpcode.Ioctl or FuseOpcode.Poll
        or FuseOpcode.NotifyReply or FuseOpcode.SetupMapping or FuseOpcode.RemoveMapping or FuseOpcode.Getlk or FuseOpcode.Setlk
        or FuseOpcode.Setlkw or FuseOpcode.Access or FuseOpcode.Flush;

    /// <summary>The operations whose request has arguments behind its header.</summary>
    public static bool HasArguments(FuseOpcode opcode) => opcode is not (FuseOpcode.Readlink or FuseOpcode.Statfs or FuseOpcode.Destroy);

    /// <summary>The operations that name an inode in their header.</summary>
    public static bool NamesNode(FuseOpcode opcode) => opcode is not (FuseOpcode.Init or FuseOpcode.Destroy or FuseOpcode.Interrupt or FuseOpcode.NotifyReply);

    /// <summary>The operations that name an open file.</summary>
    public static bool NamesHandle(FuseOpcode opcode) => opcode is FuseOpcode.Read or FuseOpcode.Write or FuseOpcode.Release or FuseOpcode.Fsync
        or FuseOpcode.Readdir or FuseOpcode.Readdirplus or FuseOpcode.Releasedir or FuseOpcode.Fsyncdir or FuseOpcode.Fallocate
        or FuseOpcode.Lseek or FuseOpcode.CopyFileRange or FuseOpcode.CopyFileRange64;

    /// <summary>Makes the files anew, after requests that may have destroyed them, and begins FUSE anew if it has ended.</summary>
    public void Refresh()
    {
        FuseClient fuse = _guest.Fuse;
        if (fuse.Getattr(SharedTree.Root, out _) != 0)
        {
            _guest.Mount();
        }

        if (!HostFile.Exists(_tree.Host("file")))
        {
            _tree.WriteOnHost("file", new string('x', 10_000));
        }

        if (!Directory.Exists(_tree.Host("directory")))
        {
            Directory.CreateDirectory(_tree.Host("directory"));
        }

        if (!HostFile.Exists(_tree.Host("link")))
        {
            File.CreateSymbolicLink(_tree.Host("link"), "target");
        }

        _file = Find("file");
        _directory = Find("directory");
        _link = Find("link");
        Assert.Equal(0, fuse.Open(_file, HostFile.Raw(OpenFlags.O_RDWR), out FuseOpenOut file));
        _fileHandle = file.Handle;
        Assert.Equal(0, fuse.Opendir(_directory, out FuseOpenOut open));
        _directoryHandle = open.Handle;
    }

    /// <summary>A request as bytes, and the bytes that its reply may have.</summary>
    public (byte[] Request, int ReplyRoom) Make(FuseOpcode opcode)
    {
        FuseRequest request = Build(opcode, _guest.Fuse.Call);
        return (request.ToBytes(Unique), IsForget(opcode) ? 0 : request.ReplyRoom);
    }

    private ulong Find(string name)
    {
        Assert.Equal(0, _guest.Fuse.Lookup(SharedTree.Root, name, out FuseEntryOut entry));
        return entry.NodeId;
    }

    private FuseRequest Build(FuseOpcode opcode, FuseRequest request) => opcode switch
    {
        FuseOpcode.Lookup => request.Begin(opcode, SharedTree.Root).AppendName("file").Expect<FuseEntryOut>(),
        FuseOpcode.Forget => request.Begin(opcode, _file).Append(new FuseForgetIn { LookupCount = 1 }),
        FuseOpcode.Getattr => request.Begin(opcode, _file).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>(),
        FuseOpcode.Setattr => request.Begin(opcode, _file).Append(new FuseSetattrIn { Valid = 1, Mode = 0x1a4 }).Expect<FuseAttrOut>(),
        FuseOpcode.Readlink => request.Begin(opcode, _link).ExpectData(4096),
        FuseOpcode.Symlink => request.Begin(opcode, _directory).AppendName("new-link").AppendName("target").Expect<FuseEntryOut>(),
        FuseOpcode.Mknod => request.Begin(opcode, _directory).Append(new FuseMknodIn { Mode = 0x81a4 }).AppendName("new-node").Expect<FuseEntryOut>(),
        FuseOpcode.Mkdir => request.Begin(opcode, _directory).Append(new FuseMkdirIn { Mode = 0x1ed }).AppendName("new-directory").Expect<FuseEntryOut>(),
        FuseOpcode.Unlink => request.Begin(opcode, _directory).AppendName("new-link"),
        FuseOpcode.Rmdir => request.Begin(opcode, _directory).AppendName("new-directory"),
        FuseOpcode.Rename => request.Begin(opcode, _directory).Append(new FuseRenameIn { NewDirectory = _directory }).AppendName("a").AppendName("b"),
        FuseOpcode.Rename2 => request.Begin(opcode, _directory).Append(new FuseRename2In { NewDirectory = _directory }).AppendName("a").AppendName("b"),
        FuseOpcode.Link => request.Begin(opcode, _directory).Append(new FuseLinkIn { OldNodeId = _file }).AppendName("linked").Expect<FuseEntryOut>(),
        FuseOpcode.Open => request.Begin(opcode, _file).Append(new FuseOpenIn { Flags = HostFile.Raw(OpenFlags.O_RDONLY) }).Expect<FuseOpenOut>(),
        FuseOpcode.Read => request.Begin(opcode, _file).Append(new FuseReadIn { Handle = _fileHandle, Size = 4096 }).ExpectData(4096),
        FuseOpcode.Write => request.Begin(opcode, _file).Append(new FuseWriteIn { Handle = _fileHandle, Size = 100 }).SendData(100).Expect<FuseWriteOut>(),
        FuseOpcode.Statfs => request.Begin(opcode, SharedTree.Root).Expect<FuseStatfsOut>(),
        FuseOpcode.Release => request.Begin(opcode, _file).Append(new FuseReleaseIn { Handle = _fileHandle }),
        FuseOpcode.Fsync => request.Begin(opcode, _file).Append(new FuseFsyncIn { Handle = _fileHandle }),
        FuseOpcode.Setxattr => SetxattrArguments(request.Begin(opcode, _file)).AppendName("user.name").Append("value"u8),
        FuseOpcode.Getxattr => request.Begin(opcode, _file).Append(new FuseGetxattrIn { Size = 100 }).AppendName("user.name").ExpectData(100),
        FuseOpcode.Listxattr => request.Begin(opcode, _file).Append(new FuseGetxattrIn { Size = 100 }).ExpectData(100),
        FuseOpcode.Removexattr => request.Begin(opcode, _file).AppendName("user.name"),
        FuseOpcode.Flush => request.Begin(opcode, _file).Append(new FuseFlushIn { Handle = _fileHandle }),
        FuseOpcode.Init => request.Begin(opcode, 0).Append(new FuseInitIn { Major = 7, Minor = 38, Flags = unchecked((uint)FuseInitFlags.LinuxGuest) }).Expect<FuseInitOut>(),
        FuseOpcode.Opendir => request.Begin(opcode, _directory).Append(default(FuseOpenIn)).Expect<FuseOpenOut>(),
        FuseOpcode.Readdir or FuseOpcode.Readdirplus =>
            request.Begin(opcode, _directory).Append(new FuseReadIn { Handle = _directoryHandle, Size = 4096 }).ExpectData(4096),
        FuseOpcode.Releasedir => request.Begin(opcode, _directory).Append(new FuseReleaseIn { Handle = _directoryHandle }),
        FuseOpcode.Fsyncdir => request.Begin(opcode, _directory).Append(new FuseFsyncIn { Handle = _directoryHandle }),
        FuseOpcode.Getlk => request.Begin(opcode, _file).Append(LockArgument()).Expect<FuseLockOut>(),
        FuseOpcode.Setlk or FuseOpcode.Setlkw => request.Begin(opcode, _file).Append(LockArgument()),
        FuseOpcode.Access => request.Begin(opcode, _file).Append(new FuseAccessIn { Mask = 4 }),
        FuseOpcode.Create => request.Begin(opcode, _directory)
            .Append(new FuseCreateIn { Flags = HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT), Mode = 0x81a4 }).AppendName("created").Expect<FuseCreateOut>(),
        FuseOpcode.Interrupt => request.Begin(opcode, 0).Append(new FuseInterruptIn { Unique = 1 }),
        FuseOpcode.Bmap => request.Begin(opcode, _file).Append(new FuseBmapIn { BlockSize = 4096 }).Expect<FuseBmapOut>(),
        FuseOpcode.Destroy => request.Begin(opcode, 0),
        FuseOpcode.Ioctl => request.Begin(opcode, _file).Append(new FuseIoctlIn { Handle = _fileHandle, OutputSize = 8 }).Expect<FuseIoctlOut>().ExpectData(8),
        FuseOpcode.Poll => request.Begin(opcode, _file).Append(new FusePollIn { Handle = _fileHandle }).Expect<FusePollOut>(),
        FuseOpcode.NotifyReply => request.Begin(opcode, _file).Append(default(FuseWriteIn)),
        FuseOpcode.BatchForget => request.Begin(opcode, 0).Append(new FuseBatchForgetIn { Count = 1 }).Append(new FuseForgetOne { NodeId = _file, LookupCount = 1 }),
        FuseOpcode.Fallocate => request.Begin(opcode, _file).Append(new FuseFallocateIn { Handle = _fileHandle, Length = 4096 }),
        FuseOpcode.Lseek => request.Begin(opcode, _file).Append(new FuseLseekIn { Handle = _fileHandle, Whence = 3 }).Expect<FuseLseekOut>(),
        FuseOpcode.CopyFileRange => request.Begin(opcode, _file).Append(CopyArgument()).Expect<FuseWriteOut>(),
        FuseOpcode.CopyFileRange64 => request.Begin(opcode, _file).Append(CopyArgument()).Expect<FuseCopyFileRangeOut>(),
        FuseOpcode.SetupMapping => request.Begin(opcode, _file).Append(new FuseSetupMappingIn { Handle = _fileHandle, Length = 4096 }),
        FuseOpcode.RemoveMapping => request.Begin(opcode, _file).Append(new FuseRemoveMappingIn { Count = 1 }).Append(new FuseRemoveMappingOne { Length = 4096 }),
        FuseOpcode.Syncfs => request.Begin(opcode, SharedTree.Root).Append(default(FuseSyncfsIn)),
        FuseOpcode.Tmpfile => request.Begin(opcode, _directory)
            .Append(new FuseCreateIn { Flags = HostFile.Raw(OpenFlags.O_RDWR), Mode = 0x8180 }).AppendName("#1").Expect<FuseCreateOut>(),
        FuseOpcode.Statx => request.Begin(opcode, _file).Append(new FuseStatxIn { Mask = 0xfff }).Expect<FuseStatxOut>(),
        _ => throw new ArgumentOutOfRangeException(nameof(opcode), $"There is no request for {opcode}."),
    };

    private FuseRequest SetxattrArguments(FuseRequest request) => _guest.Fuse.Negotiated.HasFlag(FuseInitFlags.SetxattrExtended)
        ? request.Append(new FuseSetxattrIn { Size = 5 })
        : request.Append(new FuseSetxattrInCompat { Size = 5 });

    private FuseLockIn LockArgument() => new() { Handle = _fileHandle, Owner = 1, Lock = new FuseFileLock { End = 10 } };

    private FuseCopyFileRangeIn CopyArgument() => new()
    {
        HandleIn = _fileHandle,
        NodeIdOut = _file,
        HandleOut = _fileHandle,
        OffsetOut = 8192,
        Length = 100,
    };
}
