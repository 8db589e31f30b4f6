using System.Text;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>What a guest's user may not keep, or see, where the guest's kernel leaves it to us.</summary>
public sealed class PrivilegeTests : IDisposable
{
    private const ulong Root = 1;
    private const UnixFileMode Set = UnixFileMode.SetUser | UnixFileMode.SetGroup;
    private const UnixFileMode All = Set | (UnixFileMode)0x1FF;
    private readonly ScratchDirectory _scratch = new();

    public PrivilegeTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root keeps what an ordinary user loses.");
        foreach (string name in (string[])["file", "source"])
        {
            File.WriteAllText(_scratch[name], "content");
            File.SetUnixFileMode(_scratch[name], All);
        }
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(1234u, true, false)]
    [InlineData(uint.MaxValue, true, false)]
    [InlineData(0u, true, true)]
    [InlineData(1234u, false, true)]
    public void Reserving_space_and_copying_remove_set_id_bits_where_that_was_left_to_us(uint user, bool isOurs, bool stay)
    {
        using FuseGuest guest = Guest(user, isOurs);
        ulong node = guest.MustLookup(Root, "file").NodeId, source = guest.MustLookup(Root, "source").NodeId;
        ulong handle = guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 2 }).As<OpenOut>().Handle;
        ulong sourceHandle = guest.Send(FuseOpcode.Open, source, new OpenIn()).As<OpenOut>().Handle;

        Assert.Equal(0, guest.Send(FuseOpcode.Allocate, node, new AllocateIn { Handle = handle, Length = 10_000 }).Error);
        Assert.Equal(stay ? Set : 0, File.GetUnixFileMode(_scratch["file"]) & Set);

        File.SetUnixFileMode(_scratch["file"], All);
        CopyFileRangeIn copy = new() { SourceHandle = sourceHandle, TargetNodeId = node, TargetHandle = handle, Length = 3 };
        Assert.Equal(0, guest.Send(FuseOpcode.CopyFileRange, source, copy).Error);
        Assert.Equal(stay ? Set : 0, File.GetUnixFileMode(_scratch["file"]) & Set);
    }

    [Theory]
    [InlineData(1234u, 0x201u, false)]
    [InlineData(0u, 0x201u, true)]
    [InlineData(1234u, 0x1u, true)]
    public void Emptying_a_file_at_open_removes_them_also_for_guests_that_do_not_ask_for_it(uint user, uint flags, bool stay)
    {
        using FuseGuest guest = Guest(user, isOurs: false);
        Assert.Equal(0, guest.Send(FuseOpcode.Open, guest.MustLookup(Root, "file").NodeId, new OpenIn { Flags = flags }).Error);
        Assert.Equal(stay ? Set : 0, File.GetUnixFileMode(_scratch["file"]) & Set);
    }

    [Theory]
    [InlineData(0u, true)]
    [InlineData(uint.MaxValue, true)]
    [InlineData(1234u, false)]
    public void Names_of_trusted_attributes_are_listed_for_root_alone(uint user, bool listed)
    {
        using FuseGuest guest = Guest(user, isOurs: true);
        ulong node = guest.MustLookup(Root, "file").NodeId;
        foreach (string name in (string[])["trusted.t", "user.u"])
        {
            FuseReply set = guest.Send(FuseOpcode.SetExtendedAttribute, node, [1, 0, 0, 0, 0, 0, 0, 0], FuseGuest.Text(name), [1]);
            Assert.SkipWhen(set.Error == Errno.EOPNOTSUPP, "The file system of this machine's scratch directory has no extended attributes.");
            Assert.Equal(0, set.Error);
        }

        FuseReply size = guest.Send(FuseOpcode.ListExtendedAttributes, node, default(GetXattrIn));
        byte[] list = guest.Send(FuseOpcode.ListExtendedAttributes, node, new GetXattrIn { Size = 1000 }).Body;
        Assert.Equal(listed, Encoding.UTF8.GetString(list).Contains("trusted.t\0", StringComparison.Ordinal));
        Assert.Contains("user.u\0", Encoding.UTF8.GetString(list), StringComparison.Ordinal);
        Assert.Equal((uint)list.Length, size.As<GetXattrOut>().Size);
    }

    private FuseGuest Guest(uint user, bool isOurs) =>
        new(_scratch.Path, offered: isOurs ? (InitFlags)ulong.MaxValue : (InitFlags)ulong.MaxValue & ~InitFlags.HandleKillPrivileges2) { UserId = user, GroupId = user };
}
