using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>A guest knows as many inodes as it may, and what it knows goes on to work.</summary>
[Collection(nameof(SlotMemoryTests))]
public sealed class InodeBoundTests : IDisposable
{
    private const ulong Root = 1;
    private const int Bound = 20;

    private readonly ScratchDirectory _scratch = new();

    public InodeBoundTests()
    {
        for (int i = 0; i < 2 * Bound; i++)
        {
            File.WriteAllText(_scratch[$"f{i}"], "");
        }
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Looking_up_more_fails_and_forgetting_makes_room()
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { Inodes = Bound });
        FuseReply[] replies = [.. Enumerable.Range(0, 2 * Bound).Select(i => guest.Lookup(Root, $"f{i}"))];
        Assert.Equal(Bound - 1, replies.Count(reply => reply.Error == 0));
        Assert.Equal(Bound + 1, replies.Count(reply => reply.Error == Errno.ENFILE));
        Assert.Equal(Bound, guest.Files.InodeCount);
        ulong first = replies[0].As<EntryOut>().NodeId;
        Assert.Equal(first, guest.MustLookup(Root, "f0").NodeId);
        Assert.Equal(0, guest.Send(FuseOpcode.GetAttributes, first, default(GetAttributesIn)).Error);
        _ = guest.Send(FuseOpcode.Forget, first, new ForgetIn { LookupCount = 2 });
        _ = guest.MustLookup(Root, $"f{Bound}");
        guest.Server.Reset();
        Assert.Equal(1, guest.Files.InodeCount);
    }

    [Fact]
    public void Nothing_is_made_that_the_guest_could_not_know()
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { Inodes = Bound });
        for (int i = 0; i < Bound - 1; i++)
        {
            _ = guest.MustLookup(Root, $"f{i}");
        }

        byte[] name = FuseGuest.Text("new");
        Assert.Equal(Errno.ENFILE, guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, name).Error);
        Assert.Equal(Errno.ENFILE, guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, name).Error);
        Assert.Equal(Errno.ENFILE, guest.Send(FuseOpcode.MakeNode, Root, new MakeNodeIn { Mode = 0x81A4 }, name).Error);
        Assert.Equal(Errno.ENFILE, guest.Send(FuseOpcode.SymbolicLink, Root, name, FuseGuest.Text("target")).Error);
        Assert.Equal(Errno.ENFILE, guest.Send(FuseOpcode.TemporaryFile, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, name).Error);
        Assert.False(Path.Exists(_scratch["new"]));
    }

    [Fact]
    public void A_listing_goes_on_without_nodes()
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { Inodes = Bound });
        ulong handle = guest.Send(FuseOpcode.OpenDirectory, Root, new OpenIn()).As<OpenOut>().Handle;
        FuseReply reply = guest.Send(FuseOpcode.ReadDirectoryPlus, Root, new ReadIn { Handle = handle, Size = 65536 });
        Assert.Equal(0, reply.Error);
        Assert.Equal(Bound, guest.Files.InodeCount);
    }

    [Theory]
    [InlineData(FileHandleUse.Prefer, 300)]
    [InlineData(FileHandleUse.Never, 300)]
    public void A_share_whose_handles_have_all_that_the_process_may_give_finds_inodes_still(FileHandleUse use, int files)
    {
        for (int i = 0; i < files; i++)
        {
            File.WriteAllText(_scratch[$"g{i}"], $"{i}");
        }

        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { InodeDescriptors = 4, OpenFiles = int.MaxValue, FileHandles = use });
        ulong node = guest.MustLookup(Root, "f0").NodeId;
        FuseReply last = guest.Send(FuseOpcode.Open, node, new OpenIn());
        for (int i = 0; last.Error == 0; i++)
        {
            Assert.InRange(i, 0, 1 << 20);
            last = guest.Send(FuseOpcode.Open, node, new OpenIn());
        }

        Assert.Equal(Errno.ENFILE, last.Error);
        Assert.InRange(guest.Files.OpenFileCount, ProcessLimits.Descriptors / 32, ProcessLimits.Descriptors / 2);
        for (int i = 0; i < files; i++)
        {
            ulong found = guest.MustLookup(Root, $"g{i}").NodeId;
            Assert.Equal(1ul, guest.Send(FuseOpcode.GetAttributes, found, default(GetAttributesIn)).As<AttributesOut>().Attributes.Size / (i < 10 ? 1ul : i < 100 ? 2ul : 3ul));
        }
    }
}
