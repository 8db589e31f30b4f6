using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>Requests that the host can carry out only in part.</summary>
public sealed class HostFaultTests
{
    private const ulong Root = 1;
    private const int Kibibyte = 1024, Mebibyte = 1024 * Kibibyte;

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    [InlineData("tmpfs")]
    public void What_a_guests_page_cache_sends_is_written_wholly_or_else_an_error(string type)
    {
        using MountedImage image = MountedImage.Create(type);
        using FuseGuest guest = new(image.Path);
        CreateOut file = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("f")).As<CreateOut>();
        byte[] block = new byte[Mebibyte - (100 * Kibibyte)];
        FuseReply reply;
        ulong offset = 0;
        do
        {
            WriteIn write = new() { Handle = file.Open.Handle, Offset = offset, Size = (uint)block.Length, WriteFlags = WriteIn.FromCache };
            reply = guest.Send(FuseOpcode.Write, file.Entry.NodeId, write, block);
            Assert.Equal(block.Length, reply.Error == 0 ? (int)reply.As<WriteOut>().Size : block.Length);
            offset += (ulong)block.Length;
        }
        while (reply.Error == 0 && offset < 1UL << 30);

        Assert.Equal(Errno.ENOSPC, reply.Error);
    }

    [Fact]
    public void A_program_is_told_how_much_was_written_before_the_disk_was_full()
    {
        using MountedImage image = MountedImage.Create("tmpfs", mebibytes: 1);
        using FuseGuest guest = new(image.Path);
        CreateOut file = guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, FuseGuest.Text("f")).As<CreateOut>();
        byte[] block = new byte[Mebibyte];
        WriteIn write = new() { Handle = file.Open.Handle, Size = 512 * Kibibyte };
        Assert.Equal(512u * Kibibyte, guest.Send(FuseOpcode.Write, file.Entry.NodeId, write, block[..(512 * Kibibyte)]).As<WriteOut>().Size);
        write = write with { Offset = 512 * Kibibyte, Size = (uint)block.Length };
        uint written = guest.Send(FuseOpcode.Write, file.Entry.NodeId, write, block).As<WriteOut>().Size;
        Assert.InRange(written, 128u * Kibibyte, 512u * Kibibyte);
        write = write with { Offset = write.Offset + written, Size = (uint)block.Length - written };
        Assert.Equal(Errno.ENOSPC, guest.Send(FuseOpcode.Write, file.Entry.NodeId, write, block[(int)written..]).Error);
    }

    [Fact]
    public void A_read_that_comes_to_a_broken_part_of_the_disk_is_an_error_and_not_the_end_of_the_file()
    {
        const int Length = 128 * Kibibyte;
        using MountedImage image = MountedImage.Create("ext4", mebibytes: 64);
        File.WriteAllBytes(image["f"], new byte[40 * Mebibyte]);
        image.MountAgain();
        image.CutDisk(mebibytes: 30);
        ulong broken = FirstBrokenByte(image["f"]);
        Assert.InRange(broken, (ulong)Length, 40ul * Mebibyte);

        using FuseGuest guest = new(image.Path);
        ulong node = guest.MustLookup(Root, "f").NodeId;
        OpenOut open = guest.Send(FuseOpcode.Open, node, new OpenIn()).As<OpenOut>();
        ReadIn read = new() { Handle = open.Handle, Offset = broken - (Length / 2), Size = Length };
        Assert.Equal(Errno.EIO, guest.Send(FuseOpcode.Read, node, read).Error);
        // Past the guest's page cache, a program gets what could be read, as on a local disk.
        Assert.Equal(Length / 2, guest.Send(FuseOpcode.Read, node, read with { Flags = (uint)OpenFlags.Direct }).Body.Length);
        Assert.Equal(Length / 2, guest.Send(FuseOpcode.Read, node, read with { Size = Length / 2 }).Body.Length);
    }

    private static ulong FirstBrokenByte(string path)
    {
        // Without reading ahead, which fails as a whole where a part of it is broken, and so would find the break too early.
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.RandomAccess);
        byte[] page = new byte[4 * Kibibyte];
        while (TryRead(file, page))
        {
            // On to the next page.
        }

        return (ulong)file.Position;
    }

    private static bool TryRead(FileStream file, byte[] page)
    {
        try
        {
            return file.Read(page) > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
