using System.Text;
using VirtioFs.Fuse.ExtendedAttributeNames;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>What of a guest's doing gives rights on the host, by default and where the options keep it away.</summary>
public sealed class HostSafetyTests : IDisposable
{
    private const ulong Root = 1;
    private const uint SetUserId = 0x800, SetGroupId = 0x400, RegularFile = 0x8000, Directory = 0x4000, CharacterDevice = 0x2000, BlockDevice = 0x6000;
    private const uint NullDevice = 0x103;
    private readonly ScratchDirectory _scratch = new();

    public HostSafetyTests() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root's shares give rights away.");

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Device_nodes_are_made_unless_the_share_has_none_and_whiteouts_always(bool allowed)
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { DeviceNodes = allowed });
        int expected = allowed ? 0 : Errno.EPERM;
        int error = MakeNode(guest, "null", CharacterDevice | 0x1B6, NullDevice);
        Assert.SkipWhen(allowed && error == Errno.EPERM, "This machine lets nobody make device nodes.");
        Assert.Equal(expected, error);
        Assert.Equal(expected, MakeNode(guest, "disk", BlockDevice | 0x1B6, NullDevice));
        Assert.Equal(0, MakeNode(guest, "whiteout", CharacterDevice, 0));
        Assert.Equal(0, MakeNode(guest, "pipe", 0x1000 | 0x1B6, 0));
        Assert.Equal(0, MakeNode(guest, "socket", 0xC000 | 0x1B6, 0));
        Assert.Equal(allowed, Path.Exists(_scratch["null"]) && Path.Exists(_scratch["disk"]));
    }

    [Theory]
    [InlineData(SetUserId)]
    [InlineData(SetGroupId)]
    [InlineData(SetUserId | SetGroupId)]
    public void Set_id_bits_come_to_the_host_unless_the_share_has_none(uint bits)
    {
        foreach (bool allowed in (bool[])[true, false])
        {
            using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { SetId = allowed });
            int expected = allowed ? 0 : Errno.EPERM;
            string name = $"{allowed}";
            Assert.Equal(expected, MakeNode(guest, $"{name}-node", RegularFile | bits | 0x1ED, 0));
            Assert.Equal(expected, guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = RegularFile | bits | 0x1ED }, FuseGuest.Text($"{name}-file")).Error);
            FuseReply temporary = guest.Send(FuseOpcode.TemporaryFile, Root, new CreateIn { Flags = 2, Mode = RegularFile | bits | 0x1ED });
            Assert.True(temporary.Error == expected || (allowed && temporary.Error == Errno.EOPNOTSUPP));
            Assert.Equal(0, MakeNode(guest, $"{name}-plain", RegularFile | 0x1ED, 0));
            ulong plain = guest.MustLookup(Root, $"{name}-plain").NodeId;
            Assert.Equal(expected, guest.Send(FuseOpcode.SetAttributes, plain, new SetAttributesIn { Valid = AttributeChanges.Mode, Mode = bits | 0x1ED }).Error);
            Assert.Equal(allowed ? bits : 0, Mode($"{name}-plain") & 0xC00);
        }

        Assert.DoesNotContain(System.IO.Directory.GetFiles(_scratch.Path, "False-*"), path => (Mode(Path.GetFileName(path)) & 0xC00) != 0);
    }

    [Fact]
    public void A_directory_passes_its_group_on_also_where_files_can_have_no_set_id_bits()
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { SetId = false });
        ulong node = guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, FuseGuest.Text("d")).As<EntryOut>().NodeId;
        Assert.Equal(0, guest.Send(FuseOpcode.SetAttributes, node, new SetAttributesIn { Valid = AttributeChanges.Mode, Mode = Directory | SetGroupId | 0x1ED }).Error);
        Assert.Equal(SetGroupId, Mode("d") & 0xC00);
    }

    [Fact]
    public void What_the_host_gave_stays_through_a_change_of_mode_and_goes_with_the_content()
    {
        foreach ((string how, Action<FuseGuest, ulong> change) in ((string, Action<FuseGuest, ulong>)[])
        [
            ("write", (guest, node) => Assert.Equal(0, guest.Send(FuseOpcode.Write, node, new WriteIn { Handle = Open(guest, node, 1), Size = 4 }, "text"u8.ToArray()).Error)),
            ("open", (guest, node) => Open(guest, node, 1 | (uint)OpenFlags.Truncate)),
            ("truncate", (guest, node) => Assert.Equal(0, guest.Send(FuseOpcode.SetAttributes, node, new SetAttributesIn { Valid = AttributeChanges.Size, Size = 1 }).Error)),
            ("fallocate", (guest, node) => Assert.Equal(0, guest.Send(FuseOpcode.Allocate, node, new AllocateIn { Handle = Open(guest, node, 1), Length = 100 }).Error)),
        ])
        {
            File.WriteAllText(_scratch[how], "content");
            File.SetUnixFileMode(_scratch[how], (UnixFileMode)0x9ED);
            using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { SetId = false });
            ulong node = guest.MustLookup(Root, how).NodeId;
            Assert.Equal(0, guest.Send(FuseOpcode.SetAttributes, node, new SetAttributesIn { Valid = AttributeChanges.Mode, Mode = 0x9E8 }).Error);
            Assert.Equal(SetUserId, Mode(how) & 0xC00);
            change(guest, node);
            Assert.Equal(0u, Mode(how) & 0xC00);
        }
    }

    [Theory]
    [InlineData("trusted.t")]
    [InlineData("security.t")]
    [InlineData("security.capability")]
    public void Attributes_of_a_class_that_the_share_keeps_are_as_for_who_is_not_root(string name)
    {
        File.WriteAllText(_scratch["f"], "");
        byte[] value = name == "security.capability" ? Capability(null) : [1, 2, 3];
        using (FuseGuest free = new(_scratch.Path))
        {
            ulong own = free.MustLookup(Root, "f").NodeId;
            int set = Set(free, own, name, value);
            Assert.SkipWhen(set == Errno.EOPNOTSUPP, "The file system of this machine's scratch directory has no such attributes.");
            Assert.Equal(0, set);
            Assert.Contains(name, List(free, own), StringComparison.Ordinal);
        }

        PassthroughOptions options = new() { TrustedAttributes = !name.StartsWith("trusted", StringComparison.Ordinal), SecurityAttributes = name != "security.t", SetId = name != "security.capability" };
        using FuseGuest guest = new(_scratch.Path, options);
        ulong node = guest.MustLookup(Root, "f").NodeId;
        Assert.Equal(Errno.ENODATA, guest.Send(FuseOpcode.GetExtendedAttribute, node, new GetXattrIn { Size = 100 }, FuseGuest.Text(name)).Error);
        Assert.Equal(Errno.EPERM, Set(guest, node, name, value));
        Assert.Equal(Errno.EPERM, guest.Send(FuseOpcode.RemoveExtendedAttribute, node, FuseGuest.Text(name)).Error);
        Assert.DoesNotContain(name, List(guest, node), StringComparison.Ordinal);
        Assert.Equal(0, Set(guest, node, "user.u", [1]));
        Assert.Contains("user.u", List(guest, node), StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_for_names_reaches_no_class_that_the_share_keeps()
    {
        File.WriteAllText(_scratch["f"], "");
        PassthroughOptions options = new() { TrustedAttributes = false, XattrMap = XattrMap.Parse(":map:user.:trusted.:") };
        using FuseGuest guest = new(_scratch.Path, options);
        Assert.Equal(Errno.EPERM, Set(guest, guest.MustLookup(Root, "f").NodeId, "user.u", [1]));
    }

    [Fact]
    public void A_label_for_new_files_needs_its_class() =>
        Assert.Contains("SecurityAttributes", Assert.Throws<ArgumentException>(new PassthroughOptions { SecurityLabel = true, SecurityAttributes = false }.Check).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("map:0:100000:65536", null, 100000u)] // The guest's root is not the host's: its files give rights below itself alone.
    [InlineData("map:0:100000:65536", 5u, 100005u)]
    [InlineData("squash-guest:0:1000:65536", null, 1000u)]
    [InlineData("map:1000:0:1", 1000u, null)]
    [InlineData("map:0:0:1", null, null)]
    public void A_files_capabilities_are_the_guests_roots_and_no_others(string rule, uint? inGuest, uint? onHost)
    {
        File.WriteAllText(_scratch["f"], "");
        using FuseGuest host = new(_scratch.Path), guest = new(_scratch.Path, new PassthroughOptions { UserIds = [IdRange.Parse(rule)] });
        ulong node = guest.MustLookup(Root, "f").NodeId, onHostNode = host.MustLookup(Root, "f").NodeId;
        int set = Set(guest, node, "security.capability", Capability(inGuest));
        Assert.SkipWhen(set == Errno.EOPNOTSUPP, "The file system of this machine's scratch directory has no such attributes.");
        Assert.Equal(0, set);
        Assert.Equal(Capability(onHost), Get(host, onHostNode, 100).Body);
        if (!rule.StartsWith("squash", StringComparison.Ordinal))
        {
            byte[] seen = Capability(inGuest);
            Assert.Equal(seen, Get(guest, node, 100).Body);
            Assert.Equal((uint)seen.Length, Get(guest, node, 0).As<GetXattrOut>().Size);
            Assert.Equal(Errno.ERANGE, Get(guest, node, (uint)seen.Length - 1).Error);
        }
    }

    [Fact]
    public void A_files_capabilities_of_the_hosts_root_are_none_of_a_guest_whose_root_is_another()
    {
        File.WriteAllText(_scratch["f"], "");
        using FuseGuest host = new(_scratch.Path);
        int set = Set(host, host.MustLookup(Root, "f").NodeId, "security.capability", Capability(null));
        Assert.SkipWhen(set == Errno.EOPNOTSUPP, "The file system of this machine's scratch directory has no such attributes.");
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { UserIds = [IdRange.Parse("map:0:100000:65536"), IdRange.Parse("squash-host:0:65534:100000")] });
        Assert.Equal(Capability(65534), Get(guest, guest.MustLookup(Root, "f").NodeId, 100).Body);
    }

    [Theory]
    [InlineData("map:0:100000:65536", uint.MaxValue, Errno.EINVAL)]
    [InlineData("forbid-guest:5:1", 5u, Errno.EPERM)]
    [InlineData("", uint.MaxValue, Errno.EINVAL)]
    public void Capabilities_of_a_root_that_may_not_be_are_refused(string rule, uint root, int expected)
    {
        File.WriteAllText(_scratch["f"], "");
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { UserIds = rule.Length == 0 ? [] : [IdRange.Parse(rule)] });
        ulong node = guest.MustLookup(Root, "f").NodeId;
        int set = Set(guest, node, "security.capability", Capability(root));
        Assert.SkipWhen(set == Errno.EOPNOTSUPP, "The file system of this machine's scratch directory has no such attributes.");
        Assert.Equal(expected, set);
        Assert.Equal(Errno.EINVAL, Set(guest, node, "security.capability", [1, 2, 3]));
        Assert.Equal(Errno.ENODATA, Get(guest, node, 100).Error);
    }

    /// <summary>CAP_NET_RAW, permitted and effective, for all namespaces or for those of one root.</summary>
    private static byte[] Capability(uint? root) =>
    [
        .. BitConverter.GetBytes((root is null ? 0x02000000u : 0x03000000u) | 1), .. BitConverter.GetBytes(1 << 13), .. new byte[12],
        .. root is null ? [] : BitConverter.GetBytes(root.Value),
    ];

    private static int MakeNode(FuseGuest guest, string name, uint mode, uint device) =>
        guest.Send(FuseOpcode.MakeNode, Root, new MakeNodeIn { Mode = mode, Device = device }, FuseGuest.Text(name)).Error;

    private static ulong Open(FuseGuest guest, ulong node, uint flags) => guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = flags }).As<OpenOut>().Handle;

    private static FuseReply Get(FuseGuest guest, ulong node, uint size) =>
        guest.Send(FuseOpcode.GetExtendedAttribute, node, new GetXattrIn { Size = size }, FuseGuest.Text("security.capability"));

    private static int Set(FuseGuest guest, ulong node, string name, byte[] value) =>
        guest.Send(FuseOpcode.SetExtendedAttribute, node, [.. BitConverter.GetBytes(value.Length), 0, 0, 0, 0], FuseGuest.Text(name), value).Error;

    private static string List(FuseGuest guest, ulong node) =>
        Encoding.UTF8.GetString(guest.Send(FuseOpcode.ListExtendedAttributes, node, new GetXattrIn { Size = 1000 }).Body);

    private uint Mode(string name)
    {
        using FileDescriptor file = new(Files.Open(_scratch[name], OpenFlags.Path));
        Assert.Equal(0, FileStatus.Of(file.Value, out FileStatus status));
        return status.Mode;
    }
}
