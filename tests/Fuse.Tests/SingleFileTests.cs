using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Locks;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Fuse.Wrappers;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

public sealed unsafe class SingleFileTests
{
    private const ulong Root = 1;

    [Fact]
    public void Every_operation_is_decided_on_here_and_none_is_left_to_a_default()
    {
        InterfaceMapping mapping = typeof(SingleFileFileSystem).GetInterfaceMap(typeof(IFileSystem));
        Assert.All(mapping.TargetMethods, method => Assert.Equal(typeof(SingleFileFileSystem), method.DeclaringType));
    }

    [Fact]
    public void The_root_is_a_directory_that_tells_nothing_of_the_hosts()
    {
        using ScratchDirectory scratch = Make();
        using FuseGuest guest = new(scratch["f"]);
        InodeAttributes root = guest.Send(FuseOpcode.GetAttributes, Root, new GetAttributesIn()).As<AttributesOut>().Attributes;
        Assert.Equal(0x416Du, root.Mode);
        Assert.Equal((0u, 0u, 2u), (root.UserId, root.GroupId, root.LinkCount));
        Assert.NotEqual(guest.MustLookup(Root, "f").Attributes.Inode, root.Inode);
        StatxOut status = guest.Send(FuseOpcode.ExtendedStatus, Root, new StatxIn()).As<StatxOut>();
        Assert.Equal((root.Inode, (ushort)0x416D, FileStatus.Basic), (status.Status.Inode, status.Status.Mode, status.Status.Mask));
        Assert.Equal(0, guest.Send(FuseOpcode.Access, Root, new AccessIn { Mask = 5 }).Error);
        Assert.Equal(0u, MemoryMarshal.Read<uint>(guest.Send(FuseOpcode.ListExtendedAttributes, Root, new byte[8]).Body));
        Assert.Equal(Errno.ENODATA, guest.Send(FuseOpcode.GetExtendedAttribute, Root, new byte[8], FuseGuest.Text("user.parent")).Error);
        Assert.NotEqual(0ul, guest.Send(FuseOpcode.FileSystemStatus, Root).As<FileSystemStatusOut>().Blocks);
        Assert.Equal(0, guest.Send(FuseOpcode.SyncFileSystem, Root, new byte[8]).Error);
        Assert.Equal(0, guest.Send(FuseOpcode.SyncDirectory, Root, new SyncIn()).Error);
    }

    [Theory]
    [InlineData("g", Errno.ENOENT)]
    [InlineData("d", Errno.ENOENT)]
    [InlineData("f2", Errno.ENOENT)]
    [InlineData("F", Errno.ENOENT)]
    [InlineData(".", Errno.EINVAL)]
    [InlineData("..", Errno.EINVAL)]
    [InlineData("d/../g", Errno.EINVAL)]
    public void No_other_name_leads_anywhere(string name, int error)
    {
        using ScratchDirectory scratch = Make();
        File.WriteAllText(scratch["f2"], "no business of the guest");
        using FuseGuest guest = new(scratch["f"]);
        Assert.Equal(error, guest.Lookup(Root, name).Error);
        Assert.Equal(Errno.ENOTDIR, guest.Lookup(guest.MustLookup(Root, "f").NodeId, "g").Error);
        for (ulong node = 2; node < 100; node++)
        {
            _ = guest.Send(FuseOpcode.Forget, node, new ForgetIn { LookupCount = 100 });
            Assert.Equal(Errno.ESTALE, guest.Send(FuseOpcode.GetAttributes, node, new GetAttributesIn()).Error);
        }
    }

    [Fact]
    public void Nothing_can_be_changed_but_the_file_itself()
    {
        using ScratchDirectory scratch = Make();
        DateTime before = Directory.GetLastWriteTimeUtc(scratch.Path);
        using FuseGuest guest = new(scratch["f"]);
        ulong node = guest.MustLookup(Root, "f").NodeId;
        byte[] name = FuseGuest.Text("f");
        byte[] other = FuseGuest.Text("other");
        FuseReply[] replies =
        [
            guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, other),
            guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("g")),
            guest.Send(FuseOpcode.TemporaryFile, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, other),
            guest.Send(FuseOpcode.MakeNode, Root, new MakeNodeIn { Mode = 0x81A4 }, other),
            guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, other),
            guest.Send(FuseOpcode.SymbolicLink, Root, other, name),
            guest.Send(FuseOpcode.Link, Root, new LinkIn { OldNodeId = node }, other),
            guest.Send(FuseOpcode.Link, node, new LinkIn { OldNodeId = Root }, other),
            guest.Send(FuseOpcode.Unlink, Root, name),
            guest.Send(FuseOpcode.Unlink, Root, FuseGuest.Text("g")),
            guest.Send(FuseOpcode.RemoveDirectory, Root, FuseGuest.Text("d")),
            guest.Send(FuseOpcode.Rename, Root, new RenameIn { NewDirectory = Root }, name, other),
            guest.Send(FuseOpcode.Rename2, Root, new Rename2In { NewDirectory = Root, Flags = 2 }, name, FuseGuest.Text("g")),
            guest.Send(FuseOpcode.SetAttributes, Root, new SetAttributesIn { Valid = AttributeChanges.Mode, Mode = 0x1FF }),
            guest.Send(FuseOpcode.SetAttributes, Root, new SetAttributesIn { Valid = AttributeChanges.AccessTime }),
            guest.Send(FuseOpcode.SetExtendedAttribute, Root, new byte[8], FuseGuest.Text("user.x")),
            guest.Send(FuseOpcode.RemoveExtendedAttribute, Root, FuseGuest.Text("user.parent")),
            guest.Send(FuseOpcode.Access, Root, new AccessIn { Mask = 2 }),
        ];
        Assert.All(replies, reply => Assert.Equal(Errno.EPERM, reply.Error));
        Assert.Equal(["d", "f", "g"], Directory.EnumerateFileSystemEntries(scratch.Path).Select(Path.GetFileName).Order());
        Assert.Equal(before, Directory.GetLastWriteTimeUtc(scratch.Path));
    }

    [Fact]
    public void The_root_cannot_be_used_as_a_file_nor_with_the_files_handle()
    {
        using ScratchDirectory scratch = Make();
        using FuseGuest guest = new(scratch["f"]);
        ulong node = guest.MustLookup(Root, "f").NodeId;
        ulong handle = guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 2 }).As<OpenOut>().Handle;
        ulong directory = guest.Send(FuseOpcode.OpenDirectory, Root, new OpenIn()).As<OpenOut>().Handle;
        FuseReply[] replies =
        [
            guest.Send(FuseOpcode.Read, Root, new ReadIn { Handle = handle, Size = 10 }),
            guest.Send(FuseOpcode.Write, Root, new WriteIn { Handle = handle, Size = 1 }, [1]),
            guest.Send(FuseOpcode.Flush, Root, new FlushIn { Handle = handle }),
            guest.Send(FuseOpcode.Sync, Root, new SyncIn { Handle = handle }),
            guest.Send(FuseOpcode.Seek, Root, new SeekIn { Handle = handle }),
            guest.Send(FuseOpcode.Allocate, Root, new AllocateIn { Handle = handle, Length = 10 }),
            guest.Send(FuseOpcode.CopyFileRange, node, new CopyFileRangeIn { SourceHandle = handle, TargetHandle = handle, TargetNodeId = Root, Length = 1 }),
            guest.Send(FuseOpcode.CopyFileRange, node, new CopyFileRangeIn { SourceHandle = handle, TargetHandle = directory, TargetNodeId = node, Length = 1 }),
            guest.Send(FuseOpcode.GetLock, Root, new LockIn { Handle = handle }),
            guest.Send(FuseOpcode.SetLock, Root, new LockIn { Handle = handle }),
            guest.Send(FuseOpcode.Poll, Root, new PollIn { Handle = handle }),
            guest.Send(FuseOpcode.Release, Root, new ReleaseIn { Handle = handle }),
        ];
        Assert.All(replies, reply => Assert.Equal(Errno.EBADF, reply.Error));
        Assert.Equal(Errno.EISDIR, guest.Send(FuseOpcode.Open, Root, new OpenIn()).Error);
        Assert.Equal(Errno.EINVAL, guest.Send(FuseOpcode.ReadLink, Root).Error);
        Assert.Equal(Errno.ENOTTY, guest.Send(FuseOpcode.Control, Root, new ControlIn { Handle = directory, Flags = ControlIn.OnDirectory, Command = 0x80086601, OutputSize = 8 }).Error);
        Assert.Equal(Errno.ENOTDIR, guest.Send(FuseOpcode.OpenDirectory, node, new OpenIn()).Error);
        Assert.Equal(Errno.ENOTDIR, guest.Send(FuseOpcode.ReadDirectory, node, new ReadIn { Size = 4096 }).Error);
        Assert.Equal("0123"u8, guest.Send(FuseOpcode.Read, node, new ReadIn { Handle = handle, Size = 10 }).Body);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_listing_has_the_dots_and_the_file_and_goes_on_from_everywhere(bool plus)
    {
        using ScratchDirectory scratch = Make();
        using FuseGuest guest = new(scratch["f"]);
        List<(string Name, ulong Offset)> whole = List(guest, plus, 0, 4096);
        Assert.Equal([".", "..", "f"], whole.Select(entry => entry.Name));
        Assert.Equal(["..", "f"], List(guest, plus, whole[0].Offset, 4096).Select(entry => entry.Name));
        Assert.Equal(["f"], List(guest, plus, whole[1].Offset, 4096).Select(entry => entry.Name));
        Assert.Empty(List(guest, plus, whole[2].Offset, 4096));
        Assert.Empty(List(guest, plus, ulong.MaxValue, 4096));

        uint one = plus ? 160u : 32u;
        Assert.Equal(["."], List(guest, plus, 0, one).Select(entry => entry.Name));
        Assert.Equal(["f"], List(guest, plus, whole[1].Offset, one).Select(entry => entry.Name));
        Assert.Empty(List(guest, plus, whole[1].Offset, one - 1));
        File.Delete(scratch["f"]);
        Assert.Equal([".", ".."], List(guest, plus, 0, 4096).Select(entry => entry.Name));
    }

    [Fact]
    public void What_the_host_puts_in_the_files_place_is_found_at_the_next_lookup()
    {
        using ScratchDirectory scratch = Make();
        using FuseGuest guest = new(scratch["f"]);
        EntryOut first = guest.MustLookup(Root, "f");
        ulong handle = guest.Send(FuseOpcode.Open, first.NodeId, new OpenIn()).As<OpenOut>().Handle;
        File.WriteAllText(scratch["new"], "anew");
        File.Move(scratch["new"], scratch["f"], overwrite: true);
        EntryOut second = guest.MustLookup(Root, "f");
        Assert.NotEqual(first.NodeId, second.NodeId);
        ulong other = guest.Send(FuseOpcode.Open, second.NodeId, new OpenIn()).As<OpenOut>().Handle;
        Assert.Equal("anew"u8, guest.Send(FuseOpcode.Read, second.NodeId, new ReadIn { Handle = other, Size = 10 }).Body);
        Assert.Equal("0123"u8, guest.Send(FuseOpcode.Read, first.NodeId, new ReadIn { Handle = handle, Size = 10 }).Body);

        File.Delete(scratch["f"]);
        Assert.Equal(Errno.ENOENT, guest.Lookup(Root, "f").Error);
        Assert.Equal(Errno.EPERM, guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("f")).Error);
        _ = Directory.CreateDirectory(scratch["f"]);
        Assert.Equal(Errno.ENOENT, guest.Lookup(Root, "f").Error);
        Directory.Delete(scratch["f"]);
        _ = File.CreateSymbolicLink(scratch["f"], "g");
        Assert.Equal(Errno.ENOENT, guest.Lookup(Root, "f").Error);
        Assert.Equal([".", ".."], List(guest, plus: true, 0, 4096).Select(entry => entry.Name));
    }

    [Fact]
    public void A_create_of_the_name_opens_the_file_that_is_there()
    {
        using ScratchDirectory scratch = Make();
        using FuseGuest guest = new(scratch["f"]);
        CreateIn create = new() { Flags = 2 | OpenFlags.Create, Mode = 0x81FF };
        CreateOut opened = guest.Send(FuseOpcode.Create, Root, create, FuseGuest.Text("f")).As<CreateOut>();
        Assert.Equal("0123"u8, guest.Send(FuseOpcode.Read, opened.Entry.NodeId, new ReadIn { Handle = opened.Open.Handle, Size = 10 }).Body);
        create.Flags |= OpenFlags.Exclusive;
        Assert.Equal(Errno.EEXIST, guest.Send(FuseOpcode.Create, Root, create, FuseGuest.Text("f")).Error);
        Assert.Equal(Errno.ENOTDIR, guest.Send(FuseOpcode.Create, opened.Entry.NodeId, create, FuseGuest.Text("f")).Error);
        create.Flags = 2 | OpenFlags.Create | OpenFlags.Truncate;
        Assert.Equal(0, guest.Send(FuseOpcode.Create, Root, create, FuseGuest.Text("f")).Error);
        Assert.Equal(0, new FileInfo(scratch["f"]).Length);
    }

    [Fact]
    public void The_options_hold_for_the_file()
    {
        using ScratchDirectory scratch = Make();
        using FuseGuest reader = new(scratch["f"], new PassthroughOptions { ReadOnly = true });
        Assert.Equal(Errno.EROFS, reader.Send(FuseOpcode.Open, reader.MustLookup(Root, "f").NodeId, new OpenIn { Flags = 2 }).Error);
        Assert.Equal(Errno.EROFS, reader.Send(FuseOpcode.Unlink, Root, FuseGuest.Text("f")).Error);
        uint owner = reader.MustLookup(Root, "f").Attributes.UserId;
        PassthroughOptions options = new()
        {
            UserIds = [IdRange.Parse($"map:5:{owner}:1")], NegativeTimeout = TimeSpan.FromSeconds(3), Cache = CachePolicy.Never,
        };
        using FuseGuest guest = new(scratch["f"], options);
        EntryOut entry = guest.MustLookup(Root, "f");
        Assert.Equal((5u, 0ul), (entry.Attributes.UserId, entry.EntryValidSeconds));
        File.Delete(scratch["f"]);
        EntryOut missing = guest.MustLookup(Root, "f");
        Assert.Equal((0ul, 3ul), (missing.NodeId, missing.EntryValidSeconds));
        Assert.Equal([".", ".."], List(guest, plus: true, 0, 4096).Select(found => found.Name));
        Assert.Equal(Errno.EPERM, guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("f")).Error);
    }

    [Fact]
    public void A_symbolic_link_is_followed_when_the_share_starts()
    {
        using ScratchDirectory scratch = Make();
        _ = File.CreateSymbolicLink(scratch["d/link"], "../f");
        using FuseGuest guest = new(scratch["d/link"]);
        Assert.Equal("f", List(guest, plus: false, 0, 4096)[^1].Name);
        Assert.Equal(4ul, guest.MustLookup(Root, "f").Attributes.Size);
        Assert.Equal(Errno.ENOENT, guest.Lookup(Root, "link").Error);
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/proc/self/ns/mnt")]
    public void What_is_neither_a_directory_nor_a_file_that_lies_in_one_is_refused(string path)
    {
        Exception? refusal = Record.Exception(() => SharedFileSystem.Open(path, new PassthroughOptions()).Dispose());
        Assert.Contains(path, Assert.IsType<DirectoryNotFoundException>(refusal).Message, StringComparison.Ordinal);
    }

    private static ScratchDirectory Make()
    {
        ScratchDirectory scratch = new();
        File.WriteAllText(scratch["f"], "0123");
        File.WriteAllText(scratch["g"], "no business of the guest");
        _ = Directory.CreateDirectory(scratch["d"]);
        return scratch;
    }

    private static List<(string Name, ulong Offset)> List(FuseGuest guest, bool plus, ulong offset, uint size)
    {
        FuseReply reply = guest.Send(plus ? FuseOpcode.ReadDirectoryPlus : FuseOpcode.ReadDirectory, Root, new ReadIn { Offset = offset, Size = size });
        Assert.Equal(0, reply.Error);
        List<(string Name, ulong Offset)> entries = [];
        int before = plus ? sizeof(EntryOut) : 0;
        for (int at = 0; at < reply.Body.Length;)
        {
            DirectoryEntryHeader header = MemoryMarshal.Read<DirectoryEntryHeader>(reply.Body.AsSpan(at + before));
            string name = Encoding.UTF8.GetString(reply.Body, at + before + sizeof(DirectoryEntryHeader), (int)header.NameLength);
            Assert.Equal(name == "f" ? 8u : 4u, header.Type);
            Assert.Equal(plus && name == "f", plus && MemoryMarshal.Read<EntryOut>(reply.Body.AsSpan(at)).NodeId != 0);
            entries.Add((name, header.Offset));
            at += before + DirectoryEntryHeader.Size((int)header.NameLength);
        }

        return entries;
    }
}
