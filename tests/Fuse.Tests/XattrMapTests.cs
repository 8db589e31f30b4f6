using System.Text;
using VirtioFs.Fuse.ExtendedAttributeNames;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

public sealed class XattrMapTests
{
    private const ulong Root = 1;

    [Theory]
    [InlineData("", "no rule")]
    [InlineData(":ok:all::", "ends too early")]
    [InlineData(":fine:all:::", "'fine'")]
    [InlineData(":ok:everyone:::", "'everyone'")]
    [InlineData(":map::user.x.::ok:all:::", "last")]
    public void Rules_that_make_no_sense_are_refused_with_the_reason(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => XattrMap.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(":map::user.virtiofs.:", "security.x", "user.virtiofs.security.x", 0)]
    [InlineData(":prefix:all::user.virtiofs.::bad:all:::", "user.a", "user.virtiofs.user.a", 0)]
    [InlineData("/map/trusted./user.virtiofs./", "trusted.a", "user.virtiofs.trusted.a", 0)]
    [InlineData("/map/trusted./user.virtiofs./", "user.virtiofs.a", null, Errno.EPERM)]
    [InlineData("/map/trusted./user.virtiofs./", "user.a", "user.a", 0)]
    [InlineData("/prefix/all/trusted./user.virtiofs./ \n /bad/server//trusted./\n/bad/client/user.virtiofs.// /ok/all///", "trusted.t", "user.virtiofs.trusted.t", 0)]
    [InlineData("/unsupported/all/security.selinux/security.selinux//ok/all///", "security.selinux", null, Errno.EOPNOTSUPP)]
    [InlineData(":ok:client:user.::", "trusted.a", null, Errno.EPERM)]
    public void A_guests_name_becomes_the_hosts(string rules, string name, string? expected, int errno)
    {
        byte[] target = new byte[256];
        Assert.Equal(-errno, XattrMap.Parse(rules).TryToHost(Encoding.UTF8.GetBytes(name), target));
        Assert.Equal(expected ?? "", Encoding.UTF8.GetString(target).TrimEnd('\0'));
    }

    [Theory]
    [InlineData(":map::user.virtiofs.:", "user.virtiofs.security.x", "security.x")]
    [InlineData(":map::user.virtiofs.:", "user.other", "")]
    [InlineData("/map/trusted./user.virtiofs./", "trusted.a", "")]
    [InlineData("/map/trusted./user.virtiofs./", "user.a", "user.a")]
    [InlineData(":bad:server::security.::ok:all:::", "security.selinux", "")]
    public void A_hosts_name_becomes_the_guests_or_is_hidden(string rules, string name, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(XattrMap.Parse(rules).ToGuest(Encoding.UTF8.GetBytes(name))));

    [Fact]
    public void Attributes_go_under_the_prefix_and_lists_show_only_what_is_there_for_the_guest()
    {
        using ScratchDirectory scratch = new();
        File.WriteAllText(scratch["f"], "");
        using FuseGuest plain = new(scratch.Path);
        using FuseGuest mapped = new(scratch.Path, new PassthroughOptions { XattrMap = XattrMap.Parse(":map::user.virtiofs.:") });
        ulong node = mapped.MustLookup(Root, "f").NodeId;
        ulong host = plain.MustLookup(Root, "f").NodeId;
        Assert.SkipWhen(Set(plain, host, "user.host", "h") == Errno.EOPNOTSUPP, "The temporary directory's file system has no extended attributes.");
        Assert.Equal(0, Set(mapped, node, "security.label", "l"));
        Assert.Equal("security.label\0", List(mapped, node, 100));
        Assert.Equal(15u, mapped.Send(FuseOpcode.ListExtendedAttributes, node, default(GetXattrIn)).As<GetXattrOut>().Size);
        Assert.Equal(Errno.ERANGE, mapped.Send(FuseOpcode.ListExtendedAttributes, node, new GetXattrIn { Size = 14 }).Error);
        Assert.Contains("user.virtiofs.security.label\0", List(plain, host, 1000), StringComparison.Ordinal);
        Assert.Equal(Errno.ENODATA, mapped.Send(FuseOpcode.GetExtendedAttribute, node, default(GetXattrIn), FuseGuest.Text("user.host")).Error);
    }

    [Fact]
    public void Capabilities_under_another_name_go_when_the_file_is_written_cut_or_given_away()
    {
        using ScratchDirectory scratch = new();
        File.WriteAllText(scratch["f"], "0123");
        using FuseGuest guest = new(scratch.Path, new PassthroughOptions { XattrMap = XattrMap.Parse(":map::user.virtiofs.:") });
        ulong node = guest.MustLookup(Root, "f").NodeId;
        ulong handle = guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 2 }).As<OpenOut>().Handle;
        Func<FuseReply>[] changes =
        [
            () => guest.Send(FuseOpcode.Write, node, new WriteIn { Handle = handle, Size = 1 }, [1]),
            () => guest.Send(FuseOpcode.SetAttributes, node, new SetAttributesIn { Valid = AttributeChanges.Size, Size = 2 }),
            () => guest.Send(FuseOpcode.SetAttributes, node, new SetAttributesIn { Valid = AttributeChanges.GroupId, GroupId = 0 }),
            () => guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 0x201 }),
            () => guest.Send(FuseOpcode.Allocate, node, new AllocateIn { Handle = handle, Length = 10 }),
        ];
        foreach (Func<FuseReply> change in changes)
        {
            int set = Set(guest, node, "security.capability", "anything");
            Assert.SkipWhen(set == Errno.EOPNOTSUPP, "The temporary directory's file system has no extended attributes.");
            Assert.Equal(0, set);
            Assert.Equal(0, change().Error);
            Assert.Equal(Errno.ENODATA, guest.Send(FuseOpcode.GetExtendedAttribute, node, default(GetXattrIn), FuseGuest.Text("security.capability")).Error);
        }
    }

    private static int Set(FuseGuest guest, ulong node, string name, string value)
    {
        byte[] prefix = [.. BitConverter.GetBytes(value.Length), 0, 0, 0, 0];
        return guest.Send(FuseOpcode.SetExtendedAttribute, node, prefix, FuseGuest.Text(name), Encoding.UTF8.GetBytes(value)).Error;
    }

    private static string List(FuseGuest guest, ulong node, uint size) =>
        Encoding.UTF8.GetString(guest.Send(FuseOpcode.ListExtendedAttributes, node, new GetXattrIn { Size = size }).Body);
}
