using VirtioFs.Fuse.Budgets;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Locks;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>A handle is good with the node that was opened, and for what was opened: a file, or a directory.</summary>
public sealed class HandleTests : IDisposable
{
    private const ulong Root = 1;
    private const uint GetVersion = 0x80087601;
    private readonly ScratchDirectory _scratch = new();
    private readonly FuseGuest _guest;
    private readonly Dictionary<string, (ulong Node, ulong Handle)> _open = [];

    public HandleTests()
    {
        foreach (string name in (string[])["one", "two"])
        {
            File.WriteAllText(_scratch[name], $"content of {name}");
            Directory.CreateDirectory(_scratch[$"d-{name}"]);
        }

        _guest = new(_scratch.Path);
        foreach (string name in (string[])["one", "two", "d-one", "d-two"])
        {
            ulong node = _guest.MustLookup(Root, name).NodeId;
            bool isDirectory = name.StartsWith('d');
            OpenOut open = _guest.Send(isDirectory ? FuseOpcode.OpenDirectory : FuseOpcode.Open, node, new OpenIn { Flags = isDirectory ? 0u : 2u }).As<OpenOut>();
            _open[name] = (node, open.Handle);
        }
    }

    public static TheoryData<string> FileOperations => [.. Operations.Keys.Where(name => !name.EndsWith("directory", StringComparison.Ordinal))];

    public static TheoryData<string> DirectoryOperations => [.. Operations.Keys.Where(name => name.EndsWith("directory", StringComparison.Ordinal))];

    private static Dictionary<string, Func<FuseGuest, ulong, ulong, FuseReply>> Operations { get; } = new()
    {
        ["READ"] = (guest, node, handle) => guest.Send(FuseOpcode.Read, node, new ReadIn { Handle = handle, Size = 4 }),
        ["WRITE"] = (guest, node, handle) => guest.Send(FuseOpcode.Write, node, new WriteIn { Handle = handle, Size = 4 }, "text"u8.ToArray()),
        ["FLUSH"] = (guest, node, handle) => guest.Send(FuseOpcode.Flush, node, new FlushIn { Handle = handle }),
        ["RELEASE"] = (guest, node, handle) => guest.Send(FuseOpcode.Release, node, new ReleaseIn { Handle = handle, ReleaseFlags = ReleaseIn.UnlockFlock }),
        ["FSYNC"] = (guest, node, handle) => guest.Send(FuseOpcode.Sync, node, new SyncIn { Handle = handle }),
        ["FALLOCATE"] = (guest, node, handle) => guest.Send(FuseOpcode.Allocate, node, new AllocateIn { Handle = handle, Length = 10 }),
        ["LSEEK"] = (guest, node, handle) => guest.Send(FuseOpcode.Seek, node, new SeekIn { Handle = handle }),
        ["GETLK"] = (guest, node, handle) => guest.Send(FuseOpcode.GetLock, node, Lock(handle, FileLocks.Read)),
        ["SETLK"] = (guest, node, handle) => guest.Send(FuseOpcode.SetLock, node, Lock(handle, FileLocks.Read)),
        ["SETLK to unlock"] = (guest, node, handle) => guest.Send(FuseOpcode.SetLock, node, Lock(handle, FileLocks.Unlock)),
        ["SETLKW"] = (guest, node, handle) => guest.Send(FuseOpcode.SetLockWait, node, Lock(handle, FileLocks.Read)),
        ["POLL"] = (guest, node, handle) => guest.Send(FuseOpcode.Poll, node, new PollIn { Handle = handle }),
        ["IOCTL"] = (guest, node, handle) => Control(guest, node, handle, 0),
        ["COPY_FILE_RANGE from"] = (guest, node, handle) => Copy(guest, node, handle, Other(guest)),
        ["COPY_FILE_RANGE to"] = (guest, node, handle) => Copy(guest, Other(guest).Node, Other(guest).Handle, (node, handle)),
        ["COPY_FILE_RANGE_64 from"] = (guest, node, handle) => Copy(guest, node, handle, Other(guest), FuseOpcode.CopyFileRange64),
        ["READDIR of a directory"] = (guest, node, handle) => guest.Send(FuseOpcode.ReadDirectory, node, new ReadIn { Handle = handle, Size = 4096 }),
        ["READDIRPLUS of a directory"] = (guest, node, handle) => guest.Send(FuseOpcode.ReadDirectoryPlus, node, new ReadIn { Handle = handle, Size = 4096 }),
        ["FSYNCDIR of a directory"] = (guest, node, handle) => guest.Send(FuseOpcode.SyncDirectory, node, new SyncIn { Handle = handle }),
        ["RELEASEDIR of a directory"] = (guest, node, handle) => guest.Send(FuseOpcode.ReleaseDirectory, node, new ReleaseIn { Handle = handle }),
        ["IOCTL on a directory"] = (guest, node, handle) => Control(guest, node, handle, ControlIn.OnDirectory),
    };

    private static Dictionary<string, Func<FuseGuest, ulong, ulong, FuseReply>> OperationsOnBoth { get; } = new()
    {
        ["GETATTR"] = (guest, node, handle) => guest.Send(FuseOpcode.GetAttributes, node, new GetAttributesIn { Flags = 1, Handle = handle }),
        ["STATX"] = (guest, node, handle) => guest.Send(FuseOpcode.ExtendedStatus, node, new StatxIn { Flags = 1, Handle = handle }),
        ["SETATTR"] = (guest, node, handle) => guest.Send(FuseOpcode.SetAttributes, node, new SetAttributesIn { Valid = AttributeChanges.Handle | AttributeChanges.Mode, Handle = handle, Mode = 0x1FF }),
        ["SETLK for flock"] = (guest, node, handle) => guest.Send(FuseOpcode.SetLock, node, Lock(handle, FileLocks.Read) with { LockFlags = LockIn.Flock }),
        ["SETLK to unlock a flock"] = (guest, node, handle) => guest.Send(FuseOpcode.SetLock, node, Lock(handle, FileLocks.Unlock) with { LockFlags = LockIn.Flock }),
    };

    public static TheoryData<string> BothOperations => [.. OperationsOnBoth.Keys];

    public void Dispose()
    {
        _guest.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [MemberData(nameof(FileOperations))]
    [MemberData(nameof(DirectoryOperations))]
    public void Every_operation_with_a_handle_takes_only_the_node_that_was_opened(string operation)
    {
        string prefix = operation.EndsWith("directory", StringComparison.Ordinal) ? "d-" : "";
        AssertOwnHandleOnly(Operations[operation], prefix, prefix.Length > 0 ? "" : "d-");
    }

    [Theory]
    [MemberData(nameof(BothOperations))]
    public void What_goes_for_files_and_directories_takes_only_the_node_that_was_opened(string operation)
    {
        AssertOwnHandleOnly(OperationsOnBoth[operation], "", "d-");
        AssertOwnHandleOnly(OperationsOnBoth[operation], "d-", "");
    }

    [Fact]
    public void A_handle_lives_on_when_it_was_released_by_the_wrong_name()
    {
        Assert.Equal(Errno.EBADF, _guest.Send(FuseOpcode.Release, _open["two"].Node, new ReleaseIn { Handle = _open["one"].Handle }).Error);
        Assert.Equal(Errno.EBADF, _guest.Send(FuseOpcode.ReleaseDirectory, _open["d-two"].Node, new ReleaseIn { Handle = _open["d-one"].Handle }).Error);
        Assert.Equal(4, _guest.Files.OpenFileCount);
        Assert.Equal(0, _guest.Send(FuseOpcode.Read, _open["one"].Node, new ReadIn { Handle = _open["one"].Handle, Size = 4 }).Error);
    }

    [Fact]
    public void A_node_that_was_forgotten_is_still_the_name_of_its_handle()
    {
        _guest.Send(FuseOpcode.Forget, _open["one"].Node, new ForgetIn { LookupCount = 1 });
        ulong again = _guest.MustLookup(Root, "one").NodeId;
        Assert.NotEqual(_open["one"].Node, again);
        Assert.Equal(0, _guest.Send(FuseOpcode.Read, _open["one"].Node, new ReadIn { Handle = _open["one"].Handle, Size = 4 }).Error);
        Assert.Equal(Errno.EBADF, _guest.Send(FuseOpcode.Read, again, new ReadIn { Handle = _open["one"].Handle, Size = 4 }).Error);
    }

    [Fact]
    public void Files_that_share_number_and_birth_and_differ_in_kind_are_two()
    {
        using ShareBudget budget = new ProcessBudget(limit: 10, reserve: 0, promise: 0).Open(most: 10);
        HostMount mount = new(default, 0, -1, budget, hasHandles: false, flushesAtClose: false, isMemory: false, keepsBirth: true);
        FileStatus file = new() { Inode = 7, Mode = (ushort)FileStatus.Regular | 0x1FF }, link = new() { Inode = 7, Mode = (ushort)FileStatus.SymbolicLink | 0x1FF };
        Assert.Equal(InodeKey.Of(mount, file), InodeKey.Of(mount, file with { Mode = (ushort)FileStatus.Regular }));
        Assert.NotEqual(InodeKey.Of(mount, file), InodeKey.Of(mount, link));
    }

    private static LockIn Lock(ulong handle, int type) => new() { Handle = handle, Owner = 1, Lock = new FileLock { End = 10, Type = (uint)type } };

    private static FuseReply Control(FuseGuest guest, ulong node, ulong handle, uint flags) =>
        guest.Send(FuseOpcode.Control, node, new ControlIn { Handle = handle, Flags = flags, Command = GetVersion, OutputSize = 8 });

    private static FuseReply Copy(FuseGuest guest, ulong node, ulong handle, (ulong Node, ulong Handle) target, FuseOpcode opcode = FuseOpcode.CopyFileRange) =>
        guest.Send(opcode, node, new CopyFileRangeIn { SourceHandle = handle, TargetNodeId = target.Node, TargetHandle = target.Handle, TargetOffset = 100, Length = 3 });

    /// <summary>Another end for a copy: "two", opened anew.</summary>
    private static (ulong Node, ulong Handle) Other(FuseGuest guest)
    {
        ulong node = guest.MustLookup(Root, "two").NodeId;
        return (node, guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 2 }).As<OpenOut>().Handle);
    }

    private void AssertOwnHandleOnly(Func<FuseGuest, ulong, ulong, FuseReply> operation, string prefix, string otherPrefix)
    {
        (ulong node, ulong handle) = _open[$"{prefix}one"];
        Assert.Equal(Errno.EBADF, operation(_guest, _open[$"{prefix}two"].Node, handle).Error);
        Assert.Equal(Errno.EBADF, operation(_guest, Root, handle).Error);
        Assert.Equal(Errno.EBADF, operation(_guest, node, _open[$"{prefix}two"].Handle).Error);
        Assert.Equal(Errno.EBADF, operation(_guest, node, _open[$"{otherPrefix}one"].Handle).Error);
        Assert.Equal(Errno.EBADF, operation(_guest, node, 0).Error);
        Assert.Equal(Errno.EBADF, operation(_guest, node, ulong.MaxValue).Error);
        Assert.Contains(operation(_guest, node, handle).Error, (int[])[0, Errno.ENOTTY, Errno.EOPNOTSUPP, FuseReply.NotYet]);
    }
}
