using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Hostile;

/// <summary>The session begins with INIT, ends with DESTROY, and survives whatever comes between.</summary>
public sealed class SessionTests : IDisposable
{
    private readonly SharedTree _tree = new(mount: false);

    public static TheoryData<FuseOpcode> Opcodes => [.. Enum.GetValues<FuseOpcode>()];

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Before_INIT_nothing_is_served()
    {
        Assert.Equal(-Errno.EIO, _tree.Fuse.Getattr(SharedTree.Root, out _));
        Assert.Equal(-Errno.EIO, _tree.Fuse.Lookup(SharedTree.Root, "x", out _));
        Assert.Equal(-Errno.EIO, _tree.Fuse.Mkdir(SharedTree.Root, "x", 0x1ff, out _));
        _tree.Fuse.Forget(SharedTree.Root, 1);
        _tree.Guest.Mount();
        Assert.Equal(0, _tree.Fuse.Getattr(SharedTree.Root, out _));
        Assert.Empty(Directory.GetFileSystemEntries(_tree.HostRoot));
    }

    [Fact]
    public void INIT_agrees_on_nothing_that_the_guest_did_not_offer()
    {
        foreach (FuseInitFlags offered in (FuseInitFlags[])[FuseInitFlags.None, FuseInitFlags.BigWrites | FuseInitFlags.MaximumPages, FuseInitFlags.LinuxGuest])
        {
            Assert.Equal(0, _tree.Fuse.Init(offered, out FuseInitOut answer));
            FuseInitFlags accepted = (FuseInitFlags)(answer.Flags | ((ulong)answer.Flags2 << 32));
            Assert.Equal(FuseInitFlags.None, accepted & ~offered);
        }
    }

    [Fact]
    public void INIT_answers_sizes_that_a_guest_can_use()
    {
        FuseInitOut answer = _tree.Guest.Mount();
        Assert.Equal(7u, answer.Major);
        Assert.True(answer.Minor >= 31);
        Assert.True(answer.MaximumWrite >= 4096 && answer.MaximumWrite % 4096 == 0);
        Assert.Equal(answer.MaximumWrite / 4096, answer.MaximumPages);
        Assert.Equal(1u, answer.TimeGranularity);
        Assert.True(answer.MaximumBackground > 0);
    }

    [Fact]
    public void INIT_of_a_newer_major_version_names_ours()
    {
        FuseRequest request = _tree.Fuse.Call.Begin(FuseOpcode.Init, 0).Append(new FuseInitIn { Major = 8, Minor = 0 });
        Assert.Equal(0, _tree.Fuse.Transact(request.Expect<FuseInitOut>()));
        Assert.Equal(7u, request.Result<FuseInitOut>().Major);
        Assert.Equal(0, _tree.Fuse.Init(FuseInitFlags.LinuxGuest, out _));
    }

    [Fact]
    public void INIT_of_an_older_version_is_refused()
    {
        foreach ((uint major, uint minor) in ((uint, uint)[])[(6, 100), (7, 5), (0, 0)])
        {
            FuseRequest request = _tree.Fuse.Call.Begin(FuseOpcode.Init, 0).Append(new FuseInitIn { Major = major, Minor = minor });
            Assert.True(_tree.Fuse.Transact(request.Expect<FuseInitOut>()) < 0);
        }
    }

    [Fact]
    public void A_second_INIT_begins_anew_and_forgets_the_first_session_s_files()
    {
        _tree.WriteOnHost("file", "content");
        _tree.Guest.Mount();
        (ulong node, ulong handle) = _tree.Open("file");
        _tree.Guest.Mount();
        Assert.True(_tree.Fuse.Read(node, handle, 0, 10) < 0);
        Assert.True(_tree.Fuse.Getattr(node, out _) < 0);
        (node, handle) = _tree.Open("file");
        Assert.Equal(7, _tree.Fuse.Read(node, handle, 0, 10));
    }

    [Fact]
    public void DESTROY_ends_the_session()
    {
        _tree.Guest.Mount();
        Assert.Equal(0, _tree.Fuse.Destroy());
        Assert.True(_tree.Fuse.Getattr(SharedTree.Root, out _) < 0);
        _tree.Guest.Mount();
        Assert.Equal(0, _tree.Fuse.Getattr(SharedTree.Root, out _));
    }

    [Fact]
    public void Unknown_operations_are_ENOSYS()
    {
        _tree.Guest.Mount();
        foreach (uint opcode in (uint[])[0, 7, 19, 54, 100, 4096, 1 << 20, 0x1a000000, int.MaxValue, uint.MaxValue])
        {
            int error = _tree.Fuse.Transact(_tree.Fuse.Call.Begin((FuseOpcode)opcode, SharedTree.Root).Expect(128));
            Assert.Equal(-Errno.ENOSYS, error);
        }
    }

    [Theory]
    [MemberData(nameof(Opcodes))]
    public void Every_operation_before_INIT_leaves_the_back_end_alive(FuseOpcode opcode)
    {
        FuseRequest request = _tree.Fuse.Call.Begin(opcode, SharedTree.Root).Append(new byte[128]).Expect(256);
        new RawReply(_tree.Fuse.TransactRaw(request.ToBytes(5), RequestCatalog.IsForget(opcode) ? 0 : 512)).AssertWellFormed(5, $"{opcode}");
        _tree.Guest.Mount();
        Assert.Equal(0, _tree.Fuse.Getattr(SharedTree.Root, out _));
    }

    [Fact]
    public void A_guest_that_reboots_mounts_again()
    {
        _tree.WriteOnHost("file", "content");
        for (int i = 0; i < 3; i++)
        {
            _tree.Guest.Mount();
            (ulong node, ulong handle) = _tree.Open("file");
            Assert.Equal(7, _tree.Fuse.Read(node, handle, 0, 10));
            _tree.Guest.Reboot();
        }

        _tree.Guest.Mount();
    }
}
