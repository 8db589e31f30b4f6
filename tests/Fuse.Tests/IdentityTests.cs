using System.Text;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Fuse.Wrappers;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

public sealed class IdentityTests
{
    private const ulong Root = 1;

    [Theory]
    [InlineData("guest:0:1000:10")]
    [InlineData("host:1000:0:10")]
    [InlineData("squash-guest:0:1000:65536")]
    [InlineData("squash-host:0:0:4294967295")]
    [InlineData("forbid-guest:0:1000")]
    [InlineData("map:0:100000:65536")]
    public void Every_form_of_a_rule_is_read_and_written_back(string text) => Assert.Equal(text, IdRange.Parse(text).ToString());

    [Theory]
    [InlineData("", "known type")]
    [InlineData("both:0:0:1", "known type")]
    [InlineData("map:0:0", "map:FIRST:TARGET:COUNT")]
    [InlineData("forbid-guest:0:0:1", "forbid-guest:FIRST:COUNT")]
    [InlineData("guest:0:x:1", "'x'")]
    [InlineData("guest:0:-1:1", "'-1'")]
    [InlineData("guest:0:4294967296:1", "'4294967296'")]
    public void A_rule_that_makes_no_sense_says_what_it_must_be(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => IdRange.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("map:0:1000:10", "guest:9:5:1")]
    [InlineData("squash-guest:0:1:100", "forbid-guest:50:1")]
    [InlineData("host:0:1:0", "host:5:5:1")]
    [InlineData("guest:4294967290:0:100", "host:0:0:1")]
    public void Rules_that_contradict_each_other_or_go_too_far_are_refused(string first, string second)
    {
        using ScratchDirectory scratch = new();
        PassthroughOptions options = new() { UserIds = [IdRange.Parse(first), IdRange.Parse(second)] };
        Assert.Throws<ArgumentException>(() => SharedFileSystem.Open(scratch.Path, options));
    }

    [Fact]
    public void Ids_are_translated_at_creation_at_change_of_owner_and_in_all_answers()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make files for others.");
        using ScratchDirectory scratch = new();
        PassthroughOptions options = new()
        {
            UserIds = [IdRange.Parse("map:0:100000:1000"), IdRange.Parse("forbid-guest:5000:10"), IdRange.Parse("squash-host:0:65534:100")],
            GroupIds = [IdRange.Parse("squash-guest:0:777:60000"), IdRange.Parse("host:777:100:1")],
        };
        using FuseGuest guest = new(scratch.Path, options) { UserId = 5, GroupId = 6 };
        InodeAttributes made = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("f")).As<CreateOut>().Entry.Attributes;
        Assert.Equal((5u, 100u), (made.UserId, made.GroupId));
        Assert.Equal((100005u, 777u), Owner(scratch["f"]));

        ulong node = guest.MustLookup(Root, "f").NodeId;
        SetAttributesIn change = new() { Valid = AttributeChanges.UserId | AttributeChanges.GroupId, UserId = 9, GroupId = 42 };
        InodeAttributes changed = guest.Send(FuseOpcode.SetAttributes, node, change).As<AttributesOut>().Attributes;
        Assert.Equal((9u, 100u), (changed.UserId, changed.GroupId));
        Assert.Equal((100009u, 777u), Owner(scratch["f"]));

        Assert.Equal(Errno.EPERM, guest.Send(FuseOpcode.SetAttributes, node, change with { UserId = 5009 }).Error);
        guest.UserId = 5000;
        Assert.Equal(Errno.EPERM, guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, FuseGuest.Text("d")).Error);
        File.WriteAllText(scratch["of-root"], "");
        Assert.Equal(65534u, guest.MustLookup(Root, "of-root").Attributes.UserId);
    }

    [Theory]
    [InlineData(0x8DA4u, 700u, 0x85A4u)] // A group that may not execute the file: the bit means no rights, and a member keeps it.
    [InlineData(0x8DA4u, 701u, 0x81A4u)]
    [InlineData(0x8DA4u, uint.MaxValue, 0x81A4u)] // A guest with id-mapped mounts does not say who asks.
    [InlineData(0x8DEDu, 700u, 0x81EDu)]
    public void Who_may_not_keep_set_id_bits_loses_them_as_on_a_local_disk(uint mode, uint group, uint left)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make files for others.");
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path) { UserId = 600, GroupId = 700 };
        CreateOut file = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("f")).As<CreateOut>();
        ulong node = file.Entry.NodeId;
        SetAttributesIn setBits = new() { Valid = AttributeChanges.Mode, Mode = mode };
        AttributeChanges truncate = AttributeChanges.Size | AttributeChanges.KillSetId;
        foreach (Action change in (Action[])[
            () => _ = guest.Send(FuseOpcode.SetAttributes, node, new SetAttributesIn { Valid = truncate, Size = 1 }).As<AttributesOut>(),
            () => _ = guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 1 | (uint)OpenFlags.Truncate, OpenFlags = OpenIn.KillSetId }).As<OpenOut>(),
            () => _ = guest.Send(
                FuseOpcode.Write, node, new WriteIn { Handle = file.Open.Handle, Size = 4, WriteFlags = WriteIn.KillSetId }, "text"u8.ToArray()).As<WriteOut>(),
        ])
        {
            guest.GroupId = 700;
            AttributesOut set = guest.Send(FuseOpcode.SetAttributes, node, setBits).As<AttributesOut>();
            Assert.Equal(mode, set.Attributes.Mode);
            // The guest's kernel does not always notice that they go.
            Assert.Equal((0ul, 0u), (set.ValidSeconds, set.ValidNanoseconds));
            guest.GroupId = group;
            change();
            Assert.Equal(left, guest.Send(FuseOpcode.GetAttributes, node, default(GetAttributesIn)).As<AttributesOut>().Attributes.Mode);
        }
    }

    [Fact]
    public void A_umask_counts_where_no_default_access_control_list_takes_its_place()
    {
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path);
        CreateIn create = new() { Flags = 2, Mode = 0x81B6, Umask = 0x17 };
        Assert.Equal(0x81A0u, guest.Send(FuseOpcode.Create, Root, create, FuseGuest.Text("f")).As<CreateOut>().Entry.Attributes.Mode);
        Assert.Equal(0x81B6u, guest.Send(FuseOpcode.Create, Root, create with { Umask = 0 }, FuseGuest.Text("g")).As<CreateOut>().Entry.Attributes.Mode);

        ulong directory = guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1FF, Umask = 0x12 }, FuseGuest.Text("d")).As<EntryOut>().NodeId;
        Assert.Equal(0x41EDu, guest.MustLookup(Root, "d").Attributes.Mode);
        using FuseGuest other = new(scratch.Path, new PassthroughOptions { PosixAcl = true });
        FuseReply set = SetAccessList(other, other.MustLookup(Root, "d").NodeId, "system.posix_acl_default");
        Assert.SkipWhen(set.Error == Errno.EOPNOTSUPP, "The temporary directory's file system has no access control lists.");
        Assert.Equal(0, set.Error);
        Assert.Equal(0x81A4u, guest.Send(FuseOpcode.Create, directory, create with { Umask = 0x1FF }, FuseGuest.Text("f")).As<CreateOut>().Entry.Attributes.Mode);
    }

    [Theory]
    [InlineData("system.posix_acl_access")]
    [InlineData("system.posix_acl_default")]
    public void A_guest_that_does_not_evaluate_access_control_lists_neither_sees_nor_sets_one(string name)
    {
        using ScratchDirectory scratch = new();
        using FuseGuest evaluates = new(scratch.Path, new PassthroughOptions { PosixAcl = true });
        ulong directory = evaluates.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1C0 }, FuseGuest.Text("d")).As<EntryOut>().NodeId;
        FuseReply set = SetAccessList(evaluates, directory, name);
        Assert.SkipWhen(set.Error == Errno.EOPNOTSUPP, "The temporary directory's file system has no access control lists.");
        using FuseGuest guest = new(scratch.Path);
        ulong node = guest.MustLookup(Root, "d").NodeId;
        Assert.Equal(Errno.EOPNOTSUPP, SetAccessList(guest, node, name).Error);
        Assert.Equal(Errno.EOPNOTSUPP, guest.Send(FuseOpcode.GetExtendedAttribute, node, default(GetXattrIn), FuseGuest.Text(name)).Error);
        Assert.Equal(Errno.EOPNOTSUPP, guest.Send(FuseOpcode.RemoveExtendedAttribute, node, FuseGuest.Text(name)).Error);
        byte[] names = guest.Send(FuseOpcode.ListExtendedAttributes, node, new GetXattrIn { Size = 1000 }).Body;
        Assert.DoesNotContain("posix_acl", Encoding.UTF8.GetString(names), StringComparison.Ordinal);
    }

    /// <summary>Asks for owner rw, group and others r: version 2, then the three with their rights, as acl(5) orders them.</summary>
    private static FuseReply SetAccessList(FuseGuest guest, ulong node, string name)
    {
        byte[] list = [2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 4, 0, 4, 0, 255, 255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255];
        byte[] sizes = [.. BitConverter.GetBytes(list.Length), .. new byte[12]];
        bool isExtended = (guest.Server.Negotiated & InitFlags.SetXattrExtended) != 0;
        return guest.Send(FuseOpcode.SetExtendedAttribute, node, isExtended ? sizes : sizes[..8], FuseGuest.Text(name), list);
    }

    [Fact]
    public void Access_control_lists_and_translated_ids_exclude_each_other()
    {
        using ScratchDirectory scratch = new();
        PassthroughOptions options = new() { PosixAcl = true, UserIds = [IdRange.Parse("map:0:1:1")] };
        Assert.Contains("PosixAcl", Assert.Throws<ArgumentException>(() => SharedFileSystem.Open(scratch.Path, options)).Message, StringComparison.Ordinal);
    }

    private static (uint UserId, uint GroupId) Owner(string path)
    {
        using FileDescriptor descriptor = new(Files.Open(path, OpenFlags.Path));
        Assert.Equal(0, FileStatus.Of(descriptor.Value, out FileStatus status));
        return (status.UserId, status.GroupId);
    }
}
