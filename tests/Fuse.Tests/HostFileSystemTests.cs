using System.Text;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>The same promises on each file system that a host commonly has.</summary>
public sealed class HostFileSystemTests
{
    private const ulong Root = 1;

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    [InlineData("tmpfs")]
    public void A_walk_within_a_small_budget_finds_every_file_again(string type)
    {
        using MountedImage image = MountedImage.Create(type);
        const int Count = 300, Budget = 20;
        for (int i = 0; i < Count; i++)
        {
            File.WriteAllText(image[$"f{i}"], $"{i}");
        }

        using FuseGuest guest = new(image.Path, new PassthroughOptions { InodeDescriptors = Budget });
        ulong[] nodes = [.. Enumerable.Range(0, Count).Select(i => guest.MustLookup(Root, $"f{i}").NodeId)];
        Assert.InRange(guest.Files.InodeDescriptorCount, 1, Budget + 1);
        for (int i = 0; i < Count; i++)
        {
            OpenOut open = guest.Send(FuseOpcode.Open, nodes[i], new OpenIn()).As<OpenOut>();
            Assert.Equal($"{i}", Encoding.UTF8.GetString(guest.Send(FuseOpcode.Read, nodes[i], new ReadIn { Handle = open.Handle, Size = 100 }).Body));
            Assert.Equal(0, guest.Send(FuseOpcode.GetAttributes, nodes[i], default(GetAttributesIn)).Error);
        }
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    [InlineData("tmpfs")]
    public void A_file_made_with_the_number_and_time_of_birth_of_one_just_removed_is_not_taken_for_it(string type)
    {
        using MountedImage image = MountedImage.Create(type);
        using FuseGuest guest = new(image.Path);
        CreateIn create = new() { Flags = 2, Mode = 0x81A4 };
        byte[] name = FuseGuest.Text("f");
        for (int i = 0; i < 500; i++)
        {
            // Hosts since Linux 6.13 tell the times of changes apart, but a file that never had a name goes without a change.
            CreateOut nameless = guest.Send(FuseOpcode.TemporaryFile, Root, create, name).As<CreateOut>();
            Assert.Equal(0, guest.Send(FuseOpcode.Release, nameless.Entry.NodeId, new ReleaseIn { Handle = nameless.Open.Handle }).Error);

            // What is gone is not forgotten: that comes whenever the guest gets to it.
            CreateOut made = guest.Send(FuseOpcode.Create, Root, create, name).As<CreateOut>();
            Assert.Equal(0, guest.Send(FuseOpcode.Release, made.Entry.NodeId, new ReleaseIn { Handle = made.Open.Handle }).Error);
            ulong found = guest.MustLookup(Root, "f").NodeId;
            Assert.Equal(made.Entry.NodeId, found);
            Assert.Equal(0, guest.Send(FuseOpcode.GetAttributes, found, default(GetAttributesIn)).Error);
            Assert.Equal(0, guest.Send(FuseOpcode.Unlink, Root, name).Error);
        }
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    [InlineData("tmpfs")]
    public void An_open_file_without_a_name_can_still_be_looked_at_and_changed(string type)
    {
        using MountedImage image = MountedImage.Create(type);
        using FuseGuest guest = new(image.Path);
        CreateOut created = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("f")).As<CreateOut>();
        (ulong node, ulong handle) = (created.Entry.NodeId, created.Open.Handle);
        Assert.Equal(0, guest.Send(FuseOpcode.Unlink, Root, FuseGuest.Text("f")).Error);
        Assert.Equal(0u, guest.Send(FuseOpcode.GetAttributes, node, default(GetAttributesIn)).As<AttributesOut>().Attributes.LinkCount);
        SetAttributesIn change = new() { Valid = AttributeChanges.Mode | AttributeChanges.Size, Mode = 0x8180, Size = 77 };
        Assert.Equal(0, guest.Send(FuseOpcode.SetAttributes, node, change).Error);
        SetAttributesIn byHandle = change with { Valid = change.Valid | AttributeChanges.Handle, Handle = handle, Size = 99 };
        Assert.Equal(99ul, guest.Send(FuseOpcode.SetAttributes, node, byHandle).As<AttributesOut>().Attributes.Size);
        Assert.Equal(0, guest.Send(FuseOpcode.Release, node, new ReleaseIn { Handle = handle }).Error);
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    [InlineData("tmpfs")]
    public void A_file_without_a_name_that_was_opened_twice_stays_while_either_is_open(string type)
    {
        using MountedImage image = MountedImage.Create(type);
        using FuseGuest guest = new(image.Path);
        foreach (bool closesTheLast in new[] { true, false })
        {
            CreateOut created = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("f")).As<CreateOut>();
            ulong node = created.Entry.NodeId;
            ulong second = guest.Send(FuseOpcode.Open, node, new OpenIn()).As<OpenOut>().Handle;
            Assert.Equal(0, guest.Send(FuseOpcode.Unlink, Root, FuseGuest.Text("f")).Error);
            ReleaseIn release = new() { Handle = closesTheLast ? second : created.Open.Handle };
            Assert.Equal(0, guest.Send(FuseOpcode.Release, node, release).Error);
            Assert.Equal(0u, guest.Send(FuseOpcode.GetAttributes, node, default(GetAttributesIn)).As<AttributesOut>().Attributes.LinkCount);
            ulong third = guest.Send(FuseOpcode.Open, node, new OpenIn()).As<OpenOut>().Handle;
            Assert.NotEqual(0ul, third);
        }
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    [InlineData("tmpfs")]
    public void A_number_that_the_host_gives_to_another_file_does_not_become_that_file(string type)
    {
        using MountedImage image = MountedImage.Create(type);
        using FuseGuest guest = new(image.Path, new PassthroughOptions { InodeDescriptors = 1 });
        for (int round = 0; round < 50; round++)
        {
            File.WriteAllText(image["old"], $"old {round}");
            ulong old = guest.MustLookup(Root, "old").NodeId;
            File.WriteAllText(image[$"filler{round}"], "");
            _ = guest.MustLookup(Root, $"filler{round}");
            File.Delete(image["old"]);
            File.WriteAllText(image["new"], $"new {round}");
            ulong node = guest.MustLookup(Root, "new").NodeId;
            FuseReply open = guest.Send(FuseOpcode.Open, node, new OpenIn());
            if (open.Error == Errno.ESTALE)
            {
                // As the guest's kernel does: look it up again.
                node = guest.MustLookup(Root, "new").NodeId;
                open = guest.Send(FuseOpcode.Open, node, new OpenIn());
            }

            Assert.Equal(0, open.Error);
            Assert.Equal($"new {round}", Encoding.UTF8.GetString(guest.Send(FuseOpcode.Read, node, new ReadIn { Handle = open.As<OpenOut>().Handle, Size = 100 }).Body));
            FuseReply stale = guest.Send(FuseOpcode.Open, old, new OpenIn());
            if (stale.Error == 0)
            {
                byte[] content = guest.Send(FuseOpcode.Read, old, new ReadIn { Handle = stale.As<OpenOut>().Handle, Size = 100 }).Body;
                Assert.Equal($"old {round}", Encoding.UTF8.GetString(content));
            }

            File.Delete(image["new"]);
        }
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    public void Pages_that_were_mapped_are_written_to_a_file_that_is_open_for_direct_access(string type)
    {
        using MountedImage image = MountedImage.Create(type);
        using FuseGuest guest = new(image.Path, new PassthroughOptions { AllowDirectIo = true });
        uint flags = 2u | (uint)OpenFlags.Direct;
        CreateOut file = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = flags, Mode = 0x81A4 }, FuseGuest.Text("f")).As<CreateOut>();
        byte[] end = [.. Enumerable.Repeat((byte)'x', 1000)];
        WriteIn write = new() { Handle = file.Open.Handle, Offset = 4096, Size = (uint)end.Length, Flags = flags };
        Assert.Equal(Errno.EINVAL, guest.Send(FuseOpcode.Write, file.Entry.NodeId, write, end).Error);
        Assert.Equal(1000u, guest.Send(FuseOpcode.Write, file.Entry.NodeId, write with { WriteFlags = WriteIn.FromCache }, end).As<WriteOut>().Size);
        Assert.Equal(end, File.ReadAllBytes(image["f"])[4096..]);
    }

    [Fact]
    public void A_full_disk_is_told_as_such_and_what_was_synced_stays()
    {
        using MountedImage image = MountedImage.Create("ext4", mebibytes: 24);
        using FuseGuest guest = new(image.Path);
        CreateOut file = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("f")).As<CreateOut>();
        byte[] block = new byte[512 * 1024];
        Array.Fill(block, (byte)'x');
        ulong offset = 0, synced = 0;
        int error = 0;
        while (error == 0 && offset < 1UL << 30)
        {
            FuseReply reply = guest.Send(FuseOpcode.Write, file.Entry.NodeId, new WriteIn { Handle = file.Open.Handle, Offset = offset, Size = (uint)block.Length }, block);
            error = reply.Error;
            offset += error == 0 ? reply.As<WriteOut>().Size : 0;
            if (error == 0 && guest.Send(FuseOpcode.Sync, file.Entry.NodeId, new SyncIn { Handle = file.Open.Handle }).Error == 0)
            {
                synced = offset;
            }
        }

        Assert.Equal(Errno.ENOSPC, error);
        Assert.InRange(synced, 1ul << 20, offset);
        Assert.True(new FileInfo(image["f"]).Length >= (long)synced);
        Assert.Equal(0, guest.Send(FuseOpcode.Unlink, Root, FuseGuest.Text("f")).Error);
        Assert.Equal(0, guest.Send(FuseOpcode.Release, file.Entry.NodeId, new ReleaseIn { Handle = file.Open.Handle }).Error);
        Assert.Equal(0, guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, FuseGuest.Text("d")).Error);
    }

    [Fact]
    public void A_share_whose_directory_was_removed_answers_errors_and_goes_on_answering()
    {
        using ScratchDirectory scratch = new();
        string shared = Directory.CreateDirectory(scratch["shared"]).FullName;
        File.WriteAllText(Path.Combine(shared, "f"), "content");
        using FuseGuest guest = new(shared);
        ulong node = guest.MustLookup(Root, "f").NodeId;
        OpenOut open = guest.Send(FuseOpcode.Open, node, new OpenIn()).As<OpenOut>();
        Directory.Delete(shared, recursive: true);
        Assert.Equal(Errno.ENOENT, guest.Lookup(Root, "f").Error);
        Assert.Equal(Errno.ENOENT, guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("g")).Error);
        Assert.Equal("content"u8, guest.Send(FuseOpcode.Read, node, new ReadIn { Handle = open.Handle, Size = 100 }).Body);
        Assert.Equal(0, guest.Send(FuseOpcode.GetAttributes, Root, default(GetAttributesIn)).Error);
    }

    [Theory]
    [InlineData(FileHandleUse.Prefer)]
    [InlineData(FileHandleUse.Never)]
    public void A_mount_that_the_guest_has_let_go_of_can_be_unmounted_and_comes_back(FileHandleUse handles)
    {
        using MountedImage image = MountedImage.Create("ext4", 64);
        File.WriteAllText(image["file"], "content");
        using FuseGuest guest = new(Path.GetDirectoryName(image.Path)!, new PassthroughOptions { FileHandles = handles });
        for (int round = 0; round < 3; round++)
        {
            ulong mount = guest.MustLookup(Root, Path.GetFileName(image.Path)).NodeId;
            ulong file = guest.MustLookup(mount, "file").NodeId;
            ulong handle = guest.Send(FuseOpcode.Open, file, new OpenIn()).As<OpenOut>().Handle;
            Assert.Equal("content"u8, guest.Send(FuseOpcode.Read, file, new ReadIn { Handle = handle, Size = 10 }).Body);
            Assert.Equal(0, guest.Send(FuseOpcode.Release, file, new ReleaseIn { Handle = handle }).Error);
            _ = guest.Send(FuseOpcode.Forget, file, new ForgetIn { LookupCount = 1 });
            _ = guest.Send(FuseOpcode.Forget, mount, new ForgetIn { LookupCount = 1 });
            image.MountAgain();
        }
    }
}
