using System.Runtime.InteropServices;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Hostile;

/// <summary>Node ids, handles, sizes, offsets and counts are the guest's words, and may be anything.</summary>
public sealed class HostileNumberTests : IDisposable
{
    private readonly SharedTree _tree = new();
    private readonly RequestCatalog _catalog;

    public HostileNumberTests() => _catalog = new RequestCatalog(_tree);

    public static TheoryData<FuseOpcode> NodeOpcodes => [.. RequestCatalog.Answered.Where(RequestCatalog.NamesNode)];

    public static TheoryData<FuseOpcode> HandleOpcodes => [.. RequestCatalog.Answered.Where(RequestCatalog.NamesHandle)];

    private static ulong[] WrongNumbers { get; } =
        [0, 2, 3, 12345, 1UL << 20, 1UL << 31, 1UL << 32, (1UL << 32) | 1, 1UL << 48, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 1];

    private FuseClient Fuse => _tree.Fuse;

    public void Dispose() => _tree.Dispose();

    [Theory]
    [MemberData(nameof(NodeOpcodes))]
    public void Node_ids_that_nobody_gave_out(FuseOpcode opcode)
    {
        (byte[] request, int room) = _catalog.Make(opcode);
        HashSet<ulong> known = [SharedTree.Root, _tree.Find("file").NodeId, _tree.Find("directory").NodeId, _tree.Find("link").NodeId];
        foreach (ulong node in WrongNumbers.Except(known))
        {
            MemoryMarshal.AsRef<FuseInHeader>(request.AsSpan()).NodeId = node;
            RawReply reply = new RawReply(Fuse.TransactRaw(request, room)).AssertWellFormed(RequestCatalog.Unique, $"{opcode} of node {node:x}");
            Assert.True(reply.Error < 0 || RequestCatalog.IsOptional(opcode), $"{opcode} of node {node:x} succeeded.");
            if (reply.Error == 0)
            {
                _catalog.Refresh();
                (request, room) = _catalog.Make(opcode);
            }
        }
    }

    [Theory]
    [MemberData(nameof(HandleOpcodes))]
    public void Handles_that_nobody_gave_out(FuseOpcode opcode)
    {
        (byte[] request, int room) = _catalog.Make(opcode);
        ulong right = MemoryMarshal.Read<ulong>(request.AsSpan(40));
        foreach (ulong handle in WrongNumbers.Append(right + 1).Append(right + (1UL << 32)).Append(right ^ (1UL << 63)))
        {
            MemoryMarshal.Write(request.AsSpan(40), in handle);
            RawReply reply = new RawReply(Fuse.TransactRaw(request, room)).AssertWellFormed(RequestCatalog.Unique, $"{opcode} of handle {handle:x}");
            bool inUse = handle <= right + 1 && handle != right + 1;
            Assert.True(reply.Error < 0 || inUse, $"{opcode} of handle {handle:x} succeeded; {right:x} is right.");
        }
    }

    [Fact]
    public void A_directory_s_handle_is_no_file_s_and_the_other_way_round()
    {
        (ulong file, ulong fileHandle) = _tree.Open("file");
        ulong directory = _tree.Find("directory").NodeId;
        Assert.Equal(0, Fuse.Opendir(directory, out FuseOpenOut open));
        Assert.True(Fuse.Read(file, open.Handle, 0, 10) < 0 || open.Handle == fileHandle);
        Assert.True(Fuse.Write(directory, open.Handle, 0, "x"u8) < 0);
        Assert.True(Fuse.Readdir(directory, fileHandle, 0, 4096, plus: true, []) < 0 || open.Handle == fileHandle);
    }

    [Theory]
    [InlineData(0UL, uint.MaxValue)]
    [InlineData(0UL, 0x7fffffffU)]
    [InlineData(ulong.MaxValue, 100U)]
    [InlineData((ulong)long.MaxValue, 100U)]
    [InlineData((ulong)long.MaxValue + 1, 100U)]
    [InlineData((ulong)long.MaxValue - 50, 100U)]
    public void Reads_and_writes_of_impossible_ranges(ulong offset, uint size)
    {
        (ulong node, ulong handle) = _tree.Open("file");
        FuseRequest read = Fuse.Call.Begin(FuseOpcode.Read, node).Append(new FuseReadIn { Handle = handle, Offset = offset, Size = size });
        int result = Fuse.Transact(read.ExpectData(1000));
        Assert.True(result < 0 || read.DataLength <= 1000);
        FuseRequest write = Fuse.Call.Begin(FuseOpcode.Write, node).Append(new FuseWriteIn { Handle = handle, Offset = offset, Size = size });
        Assert.True(Fuse.Transact(write.SendData(100).Expect<FuseWriteOut>()) < 0);
        Assert.Equal(10_000, new FileInfo(_tree.Host("file")).Length);
    }

    [Theory]
    [InlineData(0U)]
    [InlineData(1U)]
    [InlineData(99U)]
    [InlineData(101U)]
    [InlineData(4096U)]
    [InlineData(1U << 20)]
    [InlineData(uint.MaxValue)]
    public void A_write_whose_size_is_not_the_data_s_is_refused(uint claim)
    {
        _tree.WriteOnHost("lies");
        (ulong node, ulong handle) = _tree.Open("lies");
        FuseRequest write = Fuse.Call.Begin(FuseOpcode.Write, node).Append(new FuseWriteIn { Handle = handle, Size = claim });
        int result = Fuse.Transact(write.SendData(100).Expect<FuseWriteOut>());
        Assert.True(result == -Errno.EINVAL || (claim < 100 && result == 0 && write.Result<FuseWriteOut>().Size == claim), $"A size of {claim} for 100 bytes gave {result}.");
        Assert.True(new FileInfo(_tree.Host("lies")).Length <= Math.Min(claim, 100));
    }

    [Fact]
    public void A_read_larger_than_its_room_is_refused_or_cut()
    {
        (ulong node, ulong handle) = _tree.Open("file");
        FuseRequest read = Fuse.Call.Begin(FuseOpcode.Read, node).Append(new FuseReadIn { Handle = handle, Size = 5000 });
        int result = Fuse.Transact(read.ExpectData(100));
        Assert.True(result == -Errno.EINVAL || read.DataLength <= 100);
    }

    [Fact]
    public void Readdir_with_little_room_lists_whole_entries_or_none()
    {
        for (int i = 0; i < 5; i++)
        {
            _tree.WriteOnHost($"directory/a-name-of-some-length-{i}");
        }

        ulong directory = _tree.Find("directory").NodeId;
        foreach (bool plus in (bool[])[false, true])
        {
            Assert.Equal(0, Fuse.Opendir(directory, out FuseOpenOut open));
            for (int room = 0; room < 1024; room++)
            {
                List<DirectoryEntry> entries = [];
                int read = Fuse.Readdir(directory, open.Handle, 0, room, plus, entries);
                Assert.True(read <= room);
                Assert.True(read >= 0 || read == -Errno.EINVAL, $"Room {room} gave {read}.");
            }
        }
    }

    [Fact]
    public void Readdir_from_offsets_that_nobody_gave_out()
    {
        ulong directory = _tree.Find("directory").NodeId;
        Assert.Equal(0, Fuse.Opendir(directory, out FuseOpenOut open));
        foreach (ulong offset in WrongNumbers)
        {
            int read = Fuse.Readdir(directory, open.Handle, offset, 4096, plus: true, []);
            Assert.True(read is >= 0 or -Errno.EINVAL or -Errno.ENOENT, $"Offset {offset:x} gave {read}.");
        }
    }

    [Fact]
    public void Forgetting_more_than_was_looked_up_forgets_it_once()
    {
        foreach (ulong count in (ulong[])[ulong.MaxValue, (ulong)long.MaxValue + 1, 1UL << 32, 1000])
        {
            ulong node = _tree.Find("link").NodeId;
            Fuse.Forget(node, count);
            Assert.Equal(0, Fuse.Readlink(_tree.Find("link").NodeId, out string target));
            Assert.Equal("target", target);
        }
    }

    [Fact]
    public void The_root_cannot_be_forgotten()
    {
        Fuse.Forget(SharedTree.Root, ulong.MaxValue);
        Fuse.Forget(SharedTree.Root, 1);
        Fuse.BatchForget([new FuseForgetOne { NodeId = SharedTree.Root, LookupCount = ulong.MaxValue }]);
        Assert.Equal(0, Fuse.Getattr(SharedTree.Root, out _));
        Assert.Equal(0, Fuse.Lookup(SharedTree.Root, "file", out _));
    }

    [Fact]
    public void Nodes_that_nobody_gave_out_can_be_forgotten_without_harm()
    {
        foreach (ulong node in WrongNumbers.Except([_tree.Find("file").NodeId]))
        {
            Fuse.Forget(node, 1);
            Fuse.Forget(node, ulong.MaxValue);
        }

        Assert.Equal(0, Fuse.Getattr(_tree.Find("file").NodeId, out _));
    }

    [Fact]
    public void Forgetting_a_file_that_is_open_leaves_it_open()
    {
        (ulong node, ulong handle) = _tree.Open("file");
        Fuse.Forget(node, 1000);
        Assert.True(Fuse.Read(node, handle, 0, 100) is 100 or < 0);
        Assert.Equal(0, Fuse.Getattr(SharedTree.Root, out _));
    }

    [Theory]
    [InlineData(0U)]
    [InlineData(2U)]
    [InlineData(1000U)]
    [InlineData(0x10000000U)]
    [InlineData(uint.MaxValue)]
    public void A_batch_of_forgets_that_lies_about_its_count(uint count)
    {
        ulong node = _tree.Find("link").NodeId;
        FuseRequest request = Fuse.Call.Begin(FuseOpcode.BatchForget, 0)
            .Append(new FuseBatchForgetIn { Count = count })
            .Append(new FuseForgetOne { NodeId = node, LookupCount = 1 })
            .WithoutReply();
        Fuse.Transact(request);
        Assert.Equal(0, Fuse.Getattr(SharedTree.Root, out _));
        Assert.Equal(0, Fuse.Readlink(_tree.Find("link").NodeId, out _));
    }

    [Fact]
    public void A_long_batch_of_forgets_is_honoured_to_its_end()
    {
        List<FuseForgetOne> batch = [];
        for (int i = 0; i < 500; i++)
        {
            _tree.WriteOnHost($"many-{i}");
            batch.Add(new FuseForgetOne { NodeId = _tree.Find($"many-{i}").NodeId, LookupCount = 1 });
        }

        Fuse.BatchForget(CollectionsMarshal.AsSpan(batch));
        Assert.All(batch, one => Assert.True(Fuse.Getattr(one.NodeId, out _) < 0));
    }

    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(0x7fffffffU)]
    [InlineData(1U << 20)]
    public void Attributes_of_impossible_sizes(uint size)
    {
        ulong node = _tree.Find("file").NodeId;
        FuseRequest get = Fuse.Call.Begin(FuseOpcode.Getxattr, node).Append(new FuseGetxattrIn { Size = size }).AppendName("user.x");
        Assert.True(Fuse.Transact(get.ExpectData(100)) < 0);
        FuseRequest list = Fuse.Call.Begin(FuseOpcode.Listxattr, node).Append(new FuseGetxattrIn { Size = size });
        Assert.True(Fuse.Transact(list.ExpectData(100)) <= 0);
        FuseRequest set = Fuse.Call.Begin(FuseOpcode.Setxattr, node).Append(new FuseSetxattrIn { Size = size }).AppendName("user.x").Append("short"u8);
        Assert.True(Fuse.Transact(set) < 0);
    }

    [Fact]
    public void Every_byte_of_the_arguments_may_be_0xff()
    {
        // FALLOCATE is left out: the host would really give the guest all the room that it has.
        foreach (FuseOpcode opcode in Enum.GetValues<FuseOpcode>().Where(opcode => opcode is not FuseOpcode.Fallocate))
        {
            (byte[] request, int room) = _catalog.Make(opcode);
            for (int i = 40; i < Math.Min(request.Length, 200); i++)
            {
                byte saved = request[i];
                request[i] = 0xff;
                RawReply reply = new RawReply(Fuse.TransactRaw(request, room)).AssertWellFormed(RequestCatalog.Unique, $"{opcode} with byte {i} changed");
                request[i] = saved;
                if (!reply.IsEmpty && reply.Error == 0)
                {
                    _catalog.Refresh();
                    (request, room) = _catalog.Make(opcode);
                }
            }
        }

        _catalog.Refresh();
        Assert.Equal(0, Fuse.Getattr(SharedTree.Root, out _));
    }
}
