using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

public sealed unsafe class PassthroughTests
{
    private const ulong Root = 1;

    [Theory]
    [InlineData(null, CachePolicy.Auto, true, true)]
    [InlineData(null, CachePolicy.Never, false, false)]
    [InlineData(true, CachePolicy.Auto, true, false)]
    [InlineData(true, CachePolicy.Never, true, false)]
    [InlineData(false, CachePolicy.Always, false, false)]
    public void Listings_tell_attributes_always_never_or_when_the_guest_expects_to_use_them(bool? wanted, CachePolicy cache, bool offered, bool guestChooses)
    {
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path, new PassthroughOptions { ReadDirectoryPlus = wanted, Cache = cache });
        Assert.Equal(offered, guest.Server.Negotiated.Has(InitFlags.ReadDirectoryPlus));
        Assert.Equal(guestChooses, guest.Server.Negotiated.Has(InitFlags.ReadDirectoryPlusAuto));
    }

    [Fact]
    public void Mapped_pages_keep_their_place_in_a_file_that_is_open_to_append()
    {
        using ScratchDirectory scratch = new();
        File.WriteAllText(scratch["log"], "first\n");
        using FuseGuest guest = new(scratch.Path);
        ulong node = guest.MustLookup(Root, "log").NodeId;
        OpenOut open = guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 2 | OpenFlags.Append }).As<OpenOut>();
        WriteIn append = new() { Handle = open.Handle, Size = 7, Flags = OpenFlags.Append };
        Assert.Equal(0, guest.Send(FuseOpcode.Write, node, append, "second\n"u8.ToArray()).Error);
        WriteIn page = new() { Handle = open.Handle, Size = 5, WriteFlags = WriteIn.FromCache };
        Assert.Equal(5u, guest.Send(FuseOpcode.Write, node, page, "FIRST"u8.ToArray()).As<WriteOut>().Size);
        Assert.Equal("FIRST\nsecond\n", File.ReadAllText(scratch["log"]));
    }

    [Fact]
    public void A_file_that_is_made_written_and_read_back_is_the_hosts_file()
    {
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path);
        FuseReply reply = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("file"));
        Assert.Equal(0, reply.Error);
        CreateOut created = reply.As<CreateOut>();
        byte[] content = Encoding.UTF8.GetBytes("what the guest wrote");

        reply = guest.Send(FuseOpcode.Write, created.Entry.NodeId, new WriteIn { Handle = created.Open.Handle, Size = (uint)content.Length }, content);
        Assert.Equal((uint)content.Length, reply.As<WriteOut>().Size);
        Assert.Equal(content, File.ReadAllBytes(scratch["file"]));

        reply = guest.Send(FuseOpcode.Read, created.Entry.NodeId, new ReadIn { Handle = created.Open.Handle, Size = 4096 });
        Assert.Equal(content, reply.Body);
        Assert.Equal(0, guest.Send(FuseOpcode.Release, created.Entry.NodeId, new ReleaseIn { Handle = created.Open.Handle }).Error);
        Assert.Equal(0, guest.Files.OpenFileCount);
        Assert.Equal(Errno.EBADF, guest.Send(FuseOpcode.Read, created.Entry.NodeId, new ReadIn { Handle = created.Open.Handle, Size = 1 }).Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("/etc")]
    [InlineData("a/b")]
    public void A_name_that_is_no_name_is_refused_by_every_operation_that_takes_one(string name)
    {
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path);
        byte[] bad = FuseGuest.Text(name);
        byte[] good = FuseGuest.Text("good");
        FuseReply[] replies =
        [
            guest.Send(FuseOpcode.Lookup, Root, bad),
            guest.Send(FuseOpcode.Unlink, Root, bad),
            guest.Send(FuseOpcode.RemoveDirectory, Root, bad),
            guest.Send(FuseOpcode.SymbolicLink, Root, bad, good),
            guest.Send(FuseOpcode.MakeNode, Root, new MakeNodeIn { Mode = 0x81A4 }, bad),
            guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, bad),
            guest.Send(FuseOpcode.Link, Root, new LinkIn { OldNodeId = Root }, bad),
            guest.Send(FuseOpcode.Rename, Root, new RenameIn { NewDirectory = Root }, bad, good),
            guest.Send(FuseOpcode.Rename, Root, new RenameIn { NewDirectory = Root }, good, bad),
            guest.Send(FuseOpcode.Rename2, Root, new Rename2In { NewDirectory = Root }, good, bad),
            guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, bad),
        ];
        Assert.All(replies, reply => Assert.Equal(Errno.EINVAL, reply.Error));
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [Fact]
    public void A_name_of_255_bytes_is_good_and_one_of_256_is_too_long()
    {
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path);
        Assert.Equal(0, guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, FuseGuest.Text(new string('x', 255))).Error);
        Assert.Equal(
            Errno.ENAMETOOLONG,
            guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, FuseGuest.Text(new string('x', 256))).Error);
        Assert.Equal(Errno.ENAMETOOLONG, guest.Lookup(Root, new string('x', 5000)).Error);
    }

    [Fact]
    public void A_walk_over_many_files_needs_no_more_descriptors_than_the_budget_and_all_stay_usable()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "File handles can be opened by root only.");
        using ScratchDirectory scratch = new();
        const int Count = 500, Budget = 40;
        for (int i = 0; i < Count; i++)
        {
            File.WriteAllText(scratch[$"f{i}"], $"{i}");
        }

        using FuseGuest guest = new(scratch.Path, new PassthroughOptions { InodeDescriptors = Budget });
        ulong[] nodes = [.. Enumerable.Range(0, Count).Select(i => guest.MustLookup(Root, $"f{i}").NodeId)];
        Assert.Equal(Count, nodes.Distinct().Count());
        Assert.InRange(guest.Files.InodeDescriptorCount, 1, Budget);
        Assert.Equal(Count + 1, guest.Files.InodeCount);
        for (int i = 0; i < Count; i++)
        {
            OpenOut open = guest.Send(FuseOpcode.Open, nodes[i], new OpenIn()).As<OpenOut>();
            Assert.Equal($"{i}", Encoding.UTF8.GetString(guest.Send(FuseOpcode.Read, nodes[i], new ReadIn { Handle = open.Handle, Size = 100 }).Body));
            Assert.Equal(0, guest.Send(FuseOpcode.GetAttributes, nodes[i], default(GetAttributesIn)).Error);
            _ = guest.Send(FuseOpcode.Release, nodes[i], new ReleaseIn { Handle = open.Handle });
        }

        Assert.InRange(guest.Files.InodeDescriptorCount, 1, Budget + 1);
        foreach (ulong node in nodes)
        {
            Assert.Equal(-1, guest.Send(FuseOpcode.Forget, node, new ForgetIn { LookupCount = 1 }).Error);
        }

        Assert.Equal(1, guest.Files.InodeCount);
        Assert.Equal(Errno.ESTALE, guest.Send(FuseOpcode.GetAttributes, nodes[0], default(GetAttributesIn)).Error);
    }

    [Fact]
    public void A_number_that_was_forgotten_does_not_become_another_file()
    {
        using ScratchDirectory scratch = new();
        File.WriteAllText(scratch["a"], "");
        File.WriteAllText(scratch["b"], "");
        using FuseGuest guest = new(scratch.Path);
        ulong a = guest.MustLookup(Root, "a").NodeId;
        _ = guest.Send(FuseOpcode.Forget, a, new ForgetIn { LookupCount = 1 });
        ulong b = guest.MustLookup(Root, "b").NodeId;
        Assert.NotEqual(a, b);
        Assert.Equal(Errno.ESTALE, guest.Send(FuseOpcode.GetAttributes, a, default(GetAttributesIn)).Error);
        Assert.Equal(0, guest.Send(FuseOpcode.GetAttributes, b, default(GetAttributesIn)).Error);
    }

    [Fact]
    public void Listing_tells_every_entry_once_with_small_and_large_room_and_after_going_back()
    {
        using ScratchDirectory scratch = new();
        string[] names = [.. Enumerable.Range(0, 1500).Select(i => $"entry-{i:D5}-{new string('n', i % 60)}")];
        Array.ForEach(names, name => File.WriteAllText(scratch[name], ""));
        using FuseGuest guest = new(scratch.Path);
        OpenOut open = guest.Send(FuseOpcode.OpenDirectory, Root, new OpenIn()).As<OpenOut>();
        foreach ((FuseOpcode opcode, uint room) in new[] { (FuseOpcode.ReadDirectory, 512u), (FuseOpcode.ReadDirectoryPlus, 4096u), (FuseOpcode.ReadDirectory, 65536u) })
        {
            List<string> seen = List(guest, Root, open.Handle, opcode, room);
            Assert.Equal(names.Append(".").Append("..").Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
        }

        Assert.Equal(names.Length + 1, guest.Files.InodeCount);
        Assert.Equal(0, guest.Send(FuseOpcode.ReleaseDirectory, Root, new ReleaseIn { Handle = open.Handle }).Error);
    }

    [Fact]
    public void What_a_guests_user_makes_belongs_to_that_user_and_the_process_stays_who_it_is()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make files for others.");
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path) { UserId = 12345, GroupId = 23456 };
        Assert.Equal(0, guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, FuseGuest.Text("d")).Error);
        EntryOut file = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 1, Mode = 0x81A4 }, FuseGuest.Text("f")).As<CreateOut>().Entry;
        Assert.Equal((12345u, 23456u), (file.Attributes.UserId, file.Attributes.GroupId));
        EntryOut directory = guest.MustLookup(Root, "d");
        Assert.Equal((12345u, 23456u), (directory.Attributes.UserId, directory.Attributes.GroupId));

        guest.UserId = guest.GroupId = 0;
        EntryOut own = guest.Send(FuseOpcode.MakeNode, Root, new MakeNodeIn { Mode = 0x81A4 }, FuseGuest.Text("n")).As<EntryOut>();
        Assert.Equal((0u, 0u), (own.Attributes.UserId, own.Attributes.GroupId));
        File.WriteAllText(scratch["by-the-test"], "");
        Assert.Equal(0u, guest.MustLookup(Root, "by-the-test").Attributes.UserId);
    }

    [Theory]
    [InlineData(0u, 0x8DEDu)]
    [InlineData(7000u, 0x89EDu)]
    [InlineData(7000u, 0x8DEDu, 500u)]
    public void Set_group_id_stays_on_a_new_file_only_where_its_maker_is_in_the_group(uint userId, uint expectedMode, uint? supplementaryGroup = null)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make files for others.");
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path);
        _ = guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1FF }, FuseGuest.Text("shared"));
        ulong shared = guest.MustLookup(Root, "shared").NodeId;
        SetAttributesIn change = new() { Valid = AttributeChanges.Mode | AttributeChanges.GroupId, Mode = 0x5FF, GroupId = 500 };
        Assert.Equal(0, guest.Send(FuseOpcode.SetAttributes, shared, change).Error);
        Assert.Equal(0, guest.Send(FuseOpcode.SetAttributes, shared, change with { Valid = AttributeChanges.Mode }).Error);

        (guest.UserId, guest.GroupId) = (userId, userId);
        CreateIn arguments = new() { Flags = 2, Mode = 0x8DED };
        byte[] body = [.. MemoryMarshal.AsBytes(new Span<CreateIn>(ref arguments)), .. FuseGuest.Text("program"), .. Extension(supplementaryGroup)];
        FuseReply reply = guest.SendRaw(FuseOpcode.Create, shared, body, extensionLength: (ushort)(Extension(supplementaryGroup).Length / 8));
        Assert.Equal(0, reply.Error);
        Assert.Equal(500u, reply.As<CreateOut>().Entry.Attributes.GroupId);
        Assert.Equal(expectedMode & 0xFFF, reply.As<CreateOut>().Entry.Attributes.Mode & 0xFFF);
    }

    [Fact]
    public void A_device_node_is_never_opened()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make device nodes.");
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path);
        FuseReply made = guest.Send(FuseOpcode.MakeNode, Root, new MakeNodeIn { Mode = 0x21B6, Device = 0x103 }, FuseGuest.Text("null"));
        Assert.SkipWhen(made.Error == Errno.EPERM, "This machine lets nobody make device nodes.");
        EntryOut node = made.As<EntryOut>();
        Assert.Equal(0x103u, node.Attributes.Device);
        Assert.Equal(Errno.EACCES, guest.Send(FuseOpcode.Open, node.NodeId, new OpenIn { Flags = 2 }).Error);
        Assert.Equal(Errno.EACCES, guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("null")).Error);
    }

    [Fact]
    public void Renaming_linking_and_removing_do_what_the_host_shows()
    {
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path);
        File.WriteAllText(scratch["a"], "content");
        ulong a = guest.MustLookup(Root, "a").NodeId;
        Assert.Equal(0, guest.Send(FuseOpcode.Link, Root, new LinkIn { OldNodeId = a }, FuseGuest.Text("b")).Error);
        Assert.Equal(a, guest.MustLookup(Root, "b").NodeId);
        Assert.Equal(0, guest.Send(FuseOpcode.Rename, Root, new RenameIn { NewDirectory = Root }, FuseGuest.Text("b"), FuseGuest.Text("c")).Error);
        Assert.Equal(0, guest.Send(FuseOpcode.Unlink, Root, FuseGuest.Text("a")).Error);
        Assert.Equal(Errno.EEXIST, guest.Send(FuseOpcode.SymbolicLink, Root, FuseGuest.Text("c"), FuseGuest.Text("x")).Error);
        EntryOut link = guest.Send(FuseOpcode.SymbolicLink, Root, FuseGuest.Text("l"), FuseGuest.Text("../c")).As<EntryOut>();
        Assert.Equal("../c", Encoding.UTF8.GetString(guest.Send(FuseOpcode.ReadLink, link.NodeId).Body));
        Assert.Equal(Errno.EINVAL, guest.Send(FuseOpcode.ReadLink, a).Error);
        Assert.Equal(["c", "l"], Directory.EnumerateFileSystemEntries(scratch.Path).Select(Path.GetFileName).Order());
        Assert.Equal("content", File.ReadAllText(scratch["c"]));
    }

    [Fact]
    public void What_a_guest_removed_stays_where_it_may_still_have_to_do_with_it()
    {
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path, new PassthroughOptions { Writeback = true, InodeDescriptors = 16 });
        ulong[] removed = [Make("unlinked"), Make("replaced"), guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, FuseGuest.Text("d")).As<EntryOut>().NodeId];
        _ = Make("replacing");
        Assert.Equal(0, guest.Send(FuseOpcode.Unlink, Root, FuseGuest.Text("unlinked")).Error);
        Assert.Equal(0, guest.Send(FuseOpcode.Rename, Root, new RenameIn { NewDirectory = Root }, FuseGuest.Text("replacing"), FuseGuest.Text("replaced")).Error);
        Assert.Equal(0, guest.Send(FuseOpcode.RemoveDirectory, Root, FuseGuest.Text("d")).Error);
        for (int i = 0; i < 100; i++)
        {
            _ = guest.MustLookup(Root, Path.GetFileName(Directory.CreateDirectory(scratch[$"other-{i}"]).FullName));
        }

        SetAttributesIn times = new() { Valid = AttributeChanges.ModificationTime, ModificationTime = 1_000_000_000 };
        foreach (ulong node in removed)
        {
            InodeAttributes attributes = guest.Send(FuseOpcode.SetAttributes, node, times).As<AttributesOut>().Attributes;
            Assert.Equal((0u, 1_000_000_000ul), (attributes.LinkCount, attributes.ModificationTime));
        }

        ulong Make(string name)
        {
            CreateOut made = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text(name)).As<CreateOut>();
            Assert.Equal(0, guest.Send(FuseOpcode.Release, made.Entry.NodeId, new ReleaseIn { Handle = made.Open.Handle }).Error);
            return made.Entry.NodeId;
        }
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, Errno.EPERM)]
    public void A_time_that_a_guest_has_collected_is_no_error_for_a_file_that_was_made_immutable(bool writeback, int error)
    {
        using MountedImage image = MountedImage.Create("ext4");
        using FuseGuest guest = new(image.Path, new PassthroughOptions { Writeback = writeback });
        File.WriteAllText(image["f"], "content");
        ulong node = guest.MustLookup(Root, "f").NodeId;
        SetAttributesIn collected = new() { Valid = AttributeChanges.ModificationTime | AttributeChanges.ChangeTime, ModificationTime = 1_000_000_000 };
        Run("chattr", "+i");
        Assert.Equal(error, guest.Send(FuseOpcode.SetAttributes, node, collected).Error);
        SetAttributesIn asked = collected with { Valid = collected.Valid | AttributeChanges.AccessTime };
        Assert.Equal(Errno.EPERM, guest.Send(FuseOpcode.SetAttributes, node, asked).Error);
        Run("chattr", "-i");
        Assert.Equal(1_000_000_000ul, guest.Send(FuseOpcode.SetAttributes, node, collected).As<AttributesOut>().Attributes.ModificationTime);

        void Run(string program, string flag)
        {
            using Process process = Process.Start(program, [flag, image["f"]]);
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }
    }

    [Fact]
    public void Attributes_are_changed_as_asked_and_no_others()
    {
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path);
        File.WriteAllText(scratch["f"], "0123456789");
        ulong node = guest.MustLookup(Root, "f").NodeId;
        SetAttributesIn change = new()
        {
            Valid = AttributeChanges.Mode | AttributeChanges.Size | AttributeChanges.AccessTime | AttributeChanges.ModificationTime,
            Mode = 0x8180,
            Size = 4,
            AccessTime = 1_000_000_000,
            AccessNanoseconds = 5,
            ModificationTime = unchecked((ulong)-7),
            ModificationNanoseconds = 9,
        };
        InodeAttributes attributes = guest.Send(FuseOpcode.SetAttributes, node, change).As<AttributesOut>().Attributes;
        Assert.Equal(0x8180u, attributes.Mode);
        Assert.Equal(4ul, attributes.Size);
        Assert.Equal((1_000_000_000ul, 5u), (attributes.AccessTime, attributes.AccessNanoseconds));
        Assert.Equal((unchecked((ulong)-7), 9u), (attributes.ModificationTime, attributes.ModificationNanoseconds));
        Assert.Equal("0123", File.ReadAllText(scratch["f"]));
    }

    [Fact]
    public void Extended_attributes_are_the_hosts_with_sizes_asked_first()
    {
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path);
        File.WriteAllText(scratch["f"], "");
        ulong node = guest.MustLookup(Root, "f").NodeId;
        byte[] value = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
        byte[] prefix = BitConverter.GetBytes(value.Length).Concat(new byte[12]).ToArray();
        FuseReply set = guest.Send(FuseOpcode.SetExtendedAttribute, node, prefix[..8], FuseGuest.Text("user.test"), value);
        Assert.SkipWhen(set.Error == Errno.EOPNOTSUPP, "The temporary directory's file system has no extended attributes.");
        Assert.Equal(0, set.Error);
        Assert.Equal(300u, guest.Send(FuseOpcode.GetExtendedAttribute, node, default(GetXattrIn), FuseGuest.Text("user.test")).As<GetXattrOut>().Size);
        Assert.Equal(value, guest.Send(FuseOpcode.GetExtendedAttribute, node, new GetXattrIn { Size = 1000 }, FuseGuest.Text("user.test")).Body);
        Assert.Equal(Errno.ERANGE, guest.Send(FuseOpcode.GetExtendedAttribute, node, new GetXattrIn { Size = 10 }, FuseGuest.Text("user.test")).Error);
        Assert.Contains("user.test\0", Encoding.UTF8.GetString(guest.Send(FuseOpcode.ListExtendedAttributes, node, new GetXattrIn { Size = 1000 }).Body), StringComparison.Ordinal);
        Assert.Equal(0, guest.Send(FuseOpcode.RemoveExtendedAttribute, node, FuseGuest.Text("user.test")).Error);
        Assert.Equal(Errno.ENODATA, guest.Send(FuseOpcode.GetExtendedAttribute, node, default(GetXattrIn), FuseGuest.Text("user.test")).Error);
    }

    [Fact]
    public void The_steady_state_allocates_nothing_on_the_managed_heap()
    {
        using ScratchDirectory scratch = new();
        File.WriteAllBytes(scratch["f"], new byte[128 * 1024]);
        using FuseGuest guest = new(scratch.Path);
        ulong node = guest.MustLookup(Root, "f").NodeId;
        OpenOut open = guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 2 }).As<OpenOut>();
        Assert.Equal(0, guest.AllocatedBy(FuseOpcode.GetAttributes, node, default(GetAttributesIn), 1000));
        Assert.Equal(0, guest.AllocatedBy(FuseOpcode.Read, node, new ReadIn { Handle = open.Handle, Size = 65536 }, 1000));
        Assert.Equal(0, guest.AllocatedBy(FuseOpcode.Lookup, Root, (ushort)'f', 1000));
        Assert.Equal(0, guest.AllocatedBy(FuseOpcode.Flush, node, new FlushIn { Handle = open.Handle }, 1000));
    }

    [Fact]
    public void A_request_of_any_wrong_length_gets_an_error_or_no_answer_and_the_next_one_works()
    {
        using ScratchDirectory scratch = new();
        using FuseGuest guest = new(scratch.Path);
        foreach (FuseOpcode opcode in Enum.GetValues<FuseOpcode>().Except([FuseOpcode.Initialize, FuseOpcode.Destroy]))
        {
            for (int size = 0; size < 200; size++)
            {
                byte[] body = new byte[size];
                Array.Fill(body, (byte)'x');
                _ = guest.SendRaw(opcode, Root, body);
                _ = guest.SendRaw(opcode, Root, body, length: (uint)(40 + (size / 2)));
                Assert.Equal(opcode is FuseOpcode.Forget or FuseOpcode.BatchForget ? -1 : Errno.EINVAL, guest.SendRaw(opcode, Root, body, length: (uint)(41 + size)).Error);
                _ = guest.SendRaw(opcode, Root, body, extensionLength: (ushort)(size / 16));
                _ = guest.SendRaw(opcode, Root, body, replyRoom: size);
            }
        }

        Assert.Equal(0, guest.Send(FuseOpcode.GetAttributes, Root, default(GetAttributesIn)).Error);
        Assert.Equal(0, guest.Send(FuseOpcode.Destroy, 0).Error);
        Assert.Equal(0, guest.Files.OpenFileCount);
        Assert.Equal(1, guest.Files.InodeCount);
    }

    private static List<string> List(FuseGuest guest, ulong node, ulong handle, FuseOpcode opcode, uint room)
    {
        List<string> names = [];
        ulong offset = 0;
        while (true)
        {
            FuseReply reply = guest.Send(opcode, node, new ReadIn { Handle = handle, Offset = offset, Size = room });
            Assert.Equal(0, reply.Error);
            Assert.InRange((uint)reply.Body.Length, 0u, room);
            if (reply.Body.Length == 0)
            {
                return names;
            }

            int prefix = opcode == FuseOpcode.ReadDirectoryPlus ? sizeof(EntryOut) : 0;
            for (int position = 0; position < reply.Body.Length;)
            {
                position += prefix;
                DirectoryEntryHeader header = MemoryMarshal.Read<DirectoryEntryHeader>(reply.Body.AsSpan(position));
                names.Add(Encoding.UTF8.GetString(reply.Body, position + sizeof(DirectoryEntryHeader), (int)header.NameLength));
                offset = header.Offset;
                position += DirectoryEntryHeader.Size((int)header.NameLength);
            }
        }
    }

    private static byte[] Extension(uint? group)
    {
        if (group is null)
        {
            return [];
        }

        uint[] words = [16, 32, 1, group.Value];
        return MemoryMarshal.AsBytes(words.AsSpan()).ToArray();
    }
}
