using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>Id 4294967295 is nobody's: setresuid(2) and chown(2) take it for "leave as it is", which would be root.</summary>
public sealed class InvalidIdTests : IDisposable
{
    private const ulong Root = 1;
    private const uint None = uint.MaxValue;
    private const uint SetUserIdFile = 0x89ED;
    private readonly ScratchDirectory _scratch = new();

    public InvalidIdTests() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make files for others.");

    public static TheoryData<string, string> Rules => new()
    {
        { "", "" },
        { "squash-guest:0:1000:4294967295", "squash-guest:0:1000:4294967295" },
        { "forbid-guest:0:4294967295", "forbid-guest:0:4294967295" },
        { "map:0:100000:65536", "map:0:100000:65536" },
        { "guest:4294967294:7:1", "guest:4294967294:7:1" },
    };

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [MemberData(nameof(Rules))]
    public void Nothing_is_made_in_its_name_whatever_the_rules_say(string users, string groups)
    {
        using FuseGuest guest = Guest(users, groups);
        foreach ((uint user, uint group) in ((uint, uint)[])[(None, 0), (0, None), (None, None)])
        {
            (guest.UserId, guest.GroupId) = (user, group);
            Assert.All(MakeOneOfEach(guest), error => Assert.Contains(error, (int[])[Errno.EOVERFLOW, Errno.EPERM]));
        }

        Assert.Empty(Directory.GetFileSystemEntries(_scratch.Path));
    }

    [Fact]
    public void Without_rules_it_is_EOVERFLOW_as_in_the_guests_own_kernel()
    {
        using FuseGuest guest = new(_scratch.Path) { UserId = None };
        Assert.All(MakeOneOfEach(guest), error => Assert.Equal(Errno.EOVERFLOW, error));
    }

    [Theory]
    [InlineData(None)]
    [InlineData(4294967294u)]
    public void A_supplementary_group_is_held_against_the_rules_too(uint group)
    {
        using FuseGuest guest = Guest("", "forbid-guest:4294967294:1");
        byte[] name = [.. FuseGuest.Text("d"), .. new byte[6]];
        byte[] extension = [.. BitConverter.GetBytes(16u), .. BitConverter.GetBytes(ExtensionHeader.Groups), .. BitConverter.GetBytes(1u), .. BitConverter.GetBytes(group)];
        byte[] body = [.. BitConverter.GetBytes(0x1EDu), .. BitConverter.GetBytes(0u), .. name, .. extension];
        int expected = group == None ? Errno.EOVERFLOW : Errno.EPERM;
        Assert.Equal(expected, guest.SendRaw(FuseOpcode.MakeDirectory, Root, body, extensionLength: 2).Error);
        Assert.Empty(Directory.GetFileSystemEntries(_scratch.Path));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void No_file_is_given_to_it(string users, string groups)
    {
        File.WriteAllText(_scratch["f"], "");
        using FuseGuest guest = Guest(users, groups);
        ulong node = guest.MustLookup(Root, "f").NodeId;
        foreach (AttributeChanges valid in (AttributeChanges[])[AttributeChanges.UserId, AttributeChanges.GroupId, AttributeChanges.UserId | AttributeChanges.GroupId])
        {
            SetAttributesIn change = new() { Valid = valid, UserId = None, GroupId = None };
            Assert.Equal(Errno.EINVAL, guest.Send(FuseOpcode.SetAttributes, node, change).Error);
        }

        Assert.Equal((0u, 0u), Owner("f"));
    }

    [Theory]
    [InlineData("squash-guest:0:4294967295:10")]
    [InlineData("squash-host:0:4294967295:10")]
    [InlineData("guest:0:4294967290:6")]
    [InlineData("host:0:4294967290:6")]
    [InlineData("map:0:4294967290:6")]
    [InlineData("map:4294967290:0:6")]
    [InlineData("map:0:1:4294967295")]
    [InlineData("forbid-guest:4294967295:1")]
    [InlineData("forbid-guest:1:4294967295")]
    [InlineData("guest:2:4294967295:4294967295")]
    public void No_rule_reaches_it_or_wraps_around(string rule)
    {
        PassthroughOptions options = new() { UserIds = [IdRange.Parse(rule)] };
        Assert.Contains("4294967294", Assert.Throws<ArgumentException>(options.Check).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("map:0:4294967290:5", 4u, 4294967294u)]
    [InlineData("squash-guest:0:4294967294:4294967295", 0u, 4294967294u)]
    [InlineData("", 65534u, 65534u)]
    [InlineData("", 65535u, 65535u)]
    [InlineData("", 65536u, 65536u)]
    [InlineData("", 2147483648u, 2147483648u)]
    public void The_ids_beside_it_and_beside_16_bits_are_anybodys(string rule, uint inGuest, uint onHost)
    {
        using FuseGuest guest = Guest(rule, rule);
        (guest.UserId, guest.GroupId) = (inGuest, inGuest);
        Assert.All(MakeOneOfEach(guest), error => Assert.Equal(0, error));
        Assert.All(Directory.GetFileSystemEntries(_scratch.Path), path => Assert.Equal((onHost, onHost), Owner(Path.GetFileName(path))));
    }

    [Fact]
    public void An_access_control_list_names_it_for_nobody()
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { PosixAcl = true });
        File.WriteAllText(_scratch["f"], "");
        ulong node = guest.MustLookup(Root, "f").NodeId;
        Assert.SkipWhen(SetAccessList(guest, node, 7) == Errno.EOPNOTSUPP, "The temporary directory's file system has no access control lists.");
        Assert.Equal(0, SetAccessList(guest, node, 4294967294));
        Assert.Equal(Errno.EINVAL, SetAccessList(guest, node, None));
    }

    private static FuseReply MakeNode(FuseGuest guest, string name) =>
        guest.Send(FuseOpcode.MakeNode, Root, new MakeNodeIn { Mode = SetUserIdFile }, FuseGuest.Text(name));

    private static int[] MakeOneOfEach(FuseGuest guest) =>
    [
        MakeNode(guest, "node").Error,
        guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, FuseGuest.Text("directory")).Error,
        guest.Send(FuseOpcode.SymbolicLink, Root, FuseGuest.Text("link"), FuseGuest.Text("target")).Error,
        guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = SetUserIdFile }, FuseGuest.Text("file")).Error,
        guest.Send(FuseOpcode.TemporaryFile, Root, new CreateIn { Flags = 2, Mode = SetUserIdFile }).Error is int error && error == Errno.EOPNOTSUPP ? 0 : error,
    ];

    /// <summary>Owner rw, one user r, group r, mask r, others none: version 2, then tag, rights and id of each, as acl(5) orders them.</summary>
    private static int SetAccessList(FuseGuest guest, ulong node, uint user)
    {
        byte[] Entry(ushort tag, ushort rights, uint id) => [.. BitConverter.GetBytes(tag), .. BitConverter.GetBytes(rights), .. BitConverter.GetBytes(id)];
        byte[] list = [2, 0, 0, 0, .. Entry(1, 6, None), .. Entry(2, 4, user), .. Entry(4, 4, None), .. Entry(16, 4, None), .. Entry(32, 0, None)];
        byte[] sizes = [.. BitConverter.GetBytes(list.Length), .. new byte[12]];
        return guest.Send(FuseOpcode.SetExtendedAttribute, node, sizes, FuseGuest.Text("system.posix_acl_access"), list).Error;
    }

    private FuseGuest Guest(string users, string groups) =>
        new(_scratch.Path, new PassthroughOptions { UserIds = Parse(users), GroupIds = Parse(groups) });

    private static IdRange[] Parse(string rule) => rule.Length == 0 ? [] : [IdRange.Parse(rule)];

    private (uint UserId, uint GroupId) Owner(string name)
    {
        using FileDescriptor descriptor = new(Files.Open(_scratch[name], OpenFlags.Path | OpenFlags.NoFollow));
        Assert.Equal(0, FileStatus.Of(descriptor.Value, out FileStatus status));
        return (status.UserId, status.GroupId);
    }
}
