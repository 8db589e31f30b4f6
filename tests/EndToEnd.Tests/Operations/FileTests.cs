using System.Security.Cryptography;
using System.Text;
using Mono.Unix.Native;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Operations;

/// <summary>Open files read and write as the host's do.</summary>
public sealed class FileTests : IDisposable
{
    private const uint SeekData = 3, SeekHole = 4, SeekEnd = 2;
    private const uint KeepSize = 1, PunchHole = 2, ZeroRange = 16;
    private readonly SharedTree _tree = new();

    private FuseClient Fuse => _tree.Fuse;

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Create_makes_and_opens()
    {
        Assert.Equal(0, Fuse.Create(SharedTree.Root, "new", HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_EXCL), 0x1ff, out FuseCreateOut made));
        Assert.Equal(0x1ffu, HostFile.Permissions(_tree.Host("new")));
        HostFile.AssertSame(_tree.StatOnHost("new"), made.Entry.Attr);
        Assert.Equal(5, Fuse.Write(made.Entry.NodeId, made.Open.Handle, 0, "hello"u8));
        Assert.Equal("hello", File.ReadAllText(_tree.Host("new")));
        Assert.Equal(0, Fuse.Release(made.Entry.NodeId, made.Open.Handle));
    }

    [Fact]
    public void Create_with_no_permission_at_all_is_still_open()
    {
        Assert.Equal(0, Fuse.Create(SharedTree.Root, "new", HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT), 0, out FuseCreateOut made));
        Assert.Equal(0u, HostFile.Permissions(_tree.Host("new")));
        Assert.Equal(5, Fuse.Write(made.Entry.NodeId, made.Open.Handle, 0, "hello"u8));
    }

    [Fact]
    public void Create_of_an_existing_file_opens_it_unless_exclusive()
    {
        _tree.WriteOnHost("file", "old");
        uint flags = HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT);
        Assert.Equal(-Errno.EEXIST, Fuse.Create(SharedTree.Root, "file", flags | HostFile.Raw(OpenFlags.O_EXCL), 0x1b6, out _));
        Assert.Equal(0, Fuse.Create(SharedTree.Root, "file", flags, 0x1b6, out FuseCreateOut made));
        Assert.Equal(_tree.Find("file").NodeId, made.Entry.NodeId);
        Assert.Equal(3, Fuse.Read(made.Entry.NodeId, made.Open.Handle, 0, 100));
    }

    [Fact]
    public void Create_does_not_follow_a_link_out_of_the_share()
    {
        string outside = Path.GetTempFileName();
        try
        {
            File.CreateSymbolicLink(_tree.Host("link"), outside);
            uint flags = HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_TRUNC);
            Assert.True(Fuse.Create(SharedTree.Root, "link", flags, 0x1b6, out _) < 0);
        }
        finally
        {
            File.Delete(outside);
        }
    }

    [Fact]
    public void Open_truncates_when_asked()
    {
        _tree.WriteOnHost("file", "content");
        _tree.Open("file", OpenFlags.O_RDWR | OpenFlags.O_TRUNC);
        Assert.Equal(0, new FileInfo(_tree.Host("file")).Length);
    }

    [Fact]
    public void Open_refuses_everything_but_regular_files()
    {
        HostFile.RequireRoot();
        File.CreateSymbolicLink(_tree.Host("link"), "/etc/passwd");
        Assert.Equal(0, Syscall.mkfifo(_tree.Host("pipe"), NativeConvert.FromOctalPermissionString("0666")));
        Assert.Equal(0, Syscall.mknod(_tree.Host("null"), FilePermissions.S_IFCHR | NativeConvert.FromOctalPermissionString("0666"), 0x103));
        foreach (string name in (string[])["link", "pipe", "null"])
        {
            int result = Fuse.Open(_tree.Find(name).NodeId, HostFile.Raw(OpenFlags.O_RDWR), out _);
            Assert.True(result < 0, $"A guest opened '{name}' on the host.");
        }
    }

    [Fact]
    public void Open_of_a_directory_is_an_error()
    {
        Directory.CreateDirectory(_tree.Host("d"));
        Assert.Equal(-Errno.EISDIR, Fuse.Open(_tree.Find("d").NodeId, HostFile.Raw(OpenFlags.O_RDWR), out _));
    }

    [Fact]
    public void Handles_keep_their_direction()
    {
        _tree.WriteOnHost("file", "content");
        (ulong node, ulong reading) = _tree.Open("file", OpenFlags.O_RDONLY);
        (_, ulong writing) = _tree.Open("file", OpenFlags.O_WRONLY);
        Assert.Equal(-Errno.EBADF, Fuse.Write(node, reading, 0, "x"u8));
        Assert.Equal(-Errno.EBADF, Fuse.Read(node, writing, 0, 10));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 4096)]
    [InlineData(1, 4095)]
    [InlineData(4097, 65536)]
    [InlineData(12345, 1 << 20)]
    [InlineData((2 << 20) - 10, 100)]
    [InlineData(2 << 20, 100)]
    [InlineData(5L << 32, 100)]
    [InlineData(0, 0)]
    public void Read_answers_the_bytes_that_are_there(long offset, int size)
    {
        byte[] content = RandomNumberGenerator.GetBytes(2 << 20);
        File.WriteAllBytes(_tree.Host("file"), content);
        (ulong node, ulong handle) = _tree.Open("file", OpenFlags.O_RDONLY);
        int expected = (int)Math.Clamp(content.Length - offset, 0, size);
        Assert.Equal(expected, Fuse.Read(node, handle, (ulong)offset, size));
        Assert.True(Fuse.Call.Data.SequenceEqual(expected == 0 ? [] : content.AsSpan((int)offset, expected)));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 4096)]
    [InlineData(3, 65536)]
    [InlineData(100_000, 1 << 20)]
    [InlineData(5L << 30, 10)]
    public void Write_puts_the_bytes_where_they_belong(long offset, int size)
    {
        byte[] content = RandomNumberGenerator.GetBytes(size);
        _tree.WriteOnHost("file");
        (ulong node, ulong handle) = _tree.Open("file");
        Assert.Equal(size, Fuse.Write(node, handle, (ulong)offset, content));
        Assert.Equal(offset + size, new FileInfo(_tree.Host("file")).Length);
        byte[] written = new byte[size];
        using FileStream file = File.OpenRead(_tree.Host("file"));
        file.Position = offset;
        file.ReadExactly(written);
        Assert.Equal(content, written);
    }

    [Fact]
    public void Data_may_lie_in_pieces_of_any_size()
    {
        byte[] content = RandomNumberGenerator.GetBytes(300);
        File.WriteAllBytes(_tree.Host("file"), content);
        (ulong node, ulong handle) = _tree.Open("file");
        FuseReadIn argument = new() { Handle = handle, Size = 300 };
        byte[] request = Fuse.Call.Begin(FuseOpcode.Read, node).Append(argument).ToBytes(7);
        foreach (int pieceBytes in (int[])[1, 2, 3, 7, 16, 17, 40, 299])
        {
            byte[] reply = Fuse.TransactRaw(request, 16 + 300, pieceBytes);
            Assert.Equal(316, reply.Length);
            Assert.True(reply.AsSpan(16).SequenceEqual(content), $"Read in pieces of {pieceBytes} bytes.");
        }
    }

    [Fact]
    public void Whoever_asks_for_more_than_an_answer_may_have_gets_the_beginning()
    {
        const int Most = 1 << 20;
        byte[] content = RandomNumberGenerator.GetBytes(3 * Most);
        File.WriteAllBytes(_tree.Host("file"), content);
        (ulong node, ulong handle) = _tree.Open("file");
        FuseReadIn argument = new() { Handle = handle, Size = (uint)content.Length };
        byte[] request = Fuse.Call.Begin(FuseOpcode.Read, node).Append(argument).ToBytes(7);
        byte[] reply = Fuse.TransactRaw(request, 16 + content.Length);
        Assert.Equal(16 + Most, reply.Length);
        Assert.True(reply.AsSpan(16).SequenceEqual(content.AsSpan(0, Most)));
    }

    [Fact]
    public void A_write_behind_an_append_flag_appends()
    {
        _tree.WriteOnHost("file", "start");
        (ulong node, ulong handle) = _tree.Open("file", OpenFlags.O_RDWR | OpenFlags.O_APPEND);
        Assert.Equal(3, Fuse.Write(node, handle, 5, "end"u8));
        Assert.Equal("startend", File.ReadAllText(_tree.Host("file")));
    }

    [Fact]
    public void Flush_fsync_and_syncfs_succeed()
    {
        _tree.WriteOnHost("file");
        (ulong node, ulong handle) = _tree.Open("file");
        Assert.Equal(4, Fuse.Write(node, handle, 0, "data"u8));
        Assert.Contains(Fuse.Flush(node, handle), (int[])[0, -Errno.ENOSYS]);
        Assert.Equal(0, Fuse.Fsync(node, handle));
        Assert.Equal(0, Fuse.Fsync(node, handle, dataOnly: true));
        Assert.Equal(0, Fuse.Syncfs(SharedTree.Root));
    }

    [Fact]
    public void Lseek_finds_data_and_holes()
    {
        _tree.WriteOnHost("file");
        (ulong node, ulong handle) = _tree.Open("file");
        const int Block = 1 << 16;
        Assert.Equal(Block, Fuse.Write(node, handle, Block, new byte[Block]));
        Assert.Equal(0, Fuse.Fsync(node, handle));
        Assert.Equal(Block, Fuse.Lseek(node, handle, 0, SeekData));
        Assert.Equal(0, Fuse.Lseek(node, handle, 0, SeekHole));
        Assert.Equal(2 * Block, Fuse.Lseek(node, handle, Block, SeekHole));
        Assert.Equal(-Errno.ENXIO, Fuse.Lseek(node, handle, 3 * Block, SeekData));
        Assert.Equal(2 * Block, Fuse.Lseek(node, handle, 0, SeekEnd));
        Assert.Equal(-Errno.EINVAL, Fuse.Lseek(node, handle, 0, 99));
    }

    [Fact]
    public void Fallocate_reserves_extends_punches_and_zeroes()
    {
        _tree.WriteOnHost("file", new string('x', 64 << 10));
        (ulong node, ulong handle) = _tree.Open("file");
        Assert.Equal(0, Fuse.Fallocate(node, handle, 0, 128 << 10, KeepSize));
        Assert.Equal(64 << 10, new FileInfo(_tree.Host("file")).Length);
        Assert.Equal(0, Fuse.Fallocate(node, handle, 0, 128 << 10, 0));
        Assert.Equal(128 << 10, new FileInfo(_tree.Host("file")).Length);
        Assert.Equal(0, Fuse.Fallocate(node, handle, 4096, 4096, PunchHole | KeepSize));
        Assert.Equal(0, Fuse.Fallocate(node, handle, 16384, 4096, ZeroRange));
        byte[] content = File.ReadAllBytes(_tree.Host("file"));
        Assert.Equal((byte)'x', content[4095]);
        Assert.All(content[4096..8192], value => Assert.Equal(0, value));
        Assert.Equal((byte)'x', content[8192]);
        Assert.All(content[16384..20480], value => Assert.Equal(0, value));
    }

    [Fact]
    public void Fallocate_refuses_what_the_host_refuses()
    {
        _tree.WriteOnHost("file");
        (ulong node, ulong handle) = _tree.Open("file");
        Assert.Equal(-Errno.EINVAL, Fuse.Fallocate(node, handle, 0, 0, 0));
        Assert.Equal(-Errno.EOPNOTSUPP, Fuse.Fallocate(node, handle, 0, 4096, PunchHole));
        Assert.Equal(-Errno.EINVAL, Fuse.Fallocate(node, handle, ulong.MaxValue, 4096, 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Copy_file_range_copies_between_two_files(bool wide)
    {
        byte[] content = RandomNumberGenerator.GetBytes(100_000);
        File.WriteAllBytes(_tree.Host("a"), content);
        _tree.WriteOnHost("b");
        (ulong from, ulong fromHandle) = _tree.Open("a");
        (ulong to, ulong toHandle) = _tree.Open("b");
        FuseCopyFileRangeIn argument = new()
        {
            HandleIn = fromHandle,
            OffsetIn = 1000,
            NodeIdOut = to,
            HandleOut = toHandle,
            OffsetOut = 500,
            Length = 50_000,
        };
        long copied = wide ? Fuse.CopyFileRange64(argument, from) : Fuse.CopyFileRange(argument, from);
        Assert.SkipWhen(wide && copied == -Errno.ENOSYS && ServingBackEnd.Command is not null, "The other back end has no COPY_FILE_RANGE_64.");
        Assert.Equal(50_000, copied);
        Assert.True(File.ReadAllBytes(_tree.Host("b")).AsSpan(500).SequenceEqual(content.AsSpan(1000, 50_000)));
    }

    [Fact]
    public void Tmpfile_has_no_name_until_it_is_linked()
    {
        int result = Fuse.Tmpfile(SharedTree.Root, HostFile.Raw(OpenFlags.O_RDWR), 0x180, out FuseCreateOut made);
        Assert.SkipWhen(result == -Errno.ENOSYS && ServingBackEnd.Command is not null, "The other back end has no TMPFILE.");
        Assert.Equal(0, result);
        Assert.Equal(0u, made.Entry.Attr.LinkCount);
        // There is no name to be looked up again.
        Assert.True(ServingBackEnd.Command is not null || made.Entry.EntryValidSeconds >= 86_400);
        Assert.Equal(6, Fuse.Write(made.Entry.NodeId, made.Open.Handle, 0, "secret"u8));
        Assert.Empty(Directory.GetFileSystemEntries(_tree.HostRoot));
        Assert.Equal(0, Fuse.Link(made.Entry.NodeId, SharedTree.Root, "named", out _));
        Assert.Equal("secret", File.ReadAllText(_tree.Host("named")));
    }

    [Fact]
    public void A_released_handle_is_gone()
    {
        _tree.WriteOnHost("file", "content");
        (ulong node, ulong handle) = _tree.Open("file");
        Assert.Equal(0, Fuse.Release(node, handle));
        Assert.Equal(-Errno.EBADF, Fuse.Read(node, handle, 0, 10));
    }

    [Fact]
    public void Many_requests_in_flight_each_get_their_own_answer()
    {
        const int Depth = 64, Block = 4096;
        byte[] content = RandomNumberGenerator.GetBytes(Depth * Block);
        File.WriteAllBytes(_tree.Host("file"), content);
        (ulong node, ulong handle) = _tree.Open("file");
        for (int i = 0; i < Depth; i++)
        {
            FuseRequest request = Fuse.CreateRequest(256, Block);
            request.Tag = i;
            FuseReadIn argument = new() { Handle = handle, Offset = (ulong)(i * Block), Size = Block };
            Fuse.Submit(request.Begin(FuseOpcode.Read, node).Append(argument).ExpectData(Block));
        }

        Fuse.Kick();
        HashSet<int> seen = [];
        while (seen.Count < Depth)
        {
            FuseRequest done = Fuse.Receive();
            Assert.Equal(0, done.Error);
            Assert.True(seen.Add(done.Tag));
            Assert.True(done.Data.SequenceEqual(content.AsSpan(done.Tag * Block, Block)), $"Block {done.Tag} has another's bytes.");
        }
    }

    [Fact]
    public void The_guest_sees_what_the_host_writes_and_the_other_way_round()
    {
        _tree.WriteOnHost("file", "from the host");
        (ulong node, ulong handle) = _tree.Open("file");
        File.WriteAllText(_tree.Host("file"), "changed by the host");
        int read = Fuse.Read(node, handle, 0, 100);
        Assert.Equal("changed by the host", Encoding.UTF8.GetString(Fuse.Call.Data[..read]));
        Fuse.Write(node, handle, 0, "CHANGED"u8);
        Assert.Equal("CHANGED by the host", File.ReadAllText(_tree.Host("file")));
    }
}
