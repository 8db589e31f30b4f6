using System.Reflection;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Fuse.Wrappers;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

public sealed class ReadOnlyTests
{
    private const ulong Root = 1;

    [Fact]
    public void Every_operation_is_decided_on_here_and_none_is_left_to_a_default()
    {
        InterfaceMapping mapping = typeof(ReadOnlyFileSystem).GetInterfaceMap(typeof(IFileSystem));
        Assert.All(mapping.TargetMethods, method => Assert.Equal(typeof(ReadOnlyFileSystem), method.DeclaringType));
    }

    [Fact]
    public void Whatever_would_change_anything_is_refused_and_nothing_changes()
    {
        using ScratchDirectory scratch = new();
        File.WriteAllText(scratch["f"], "0123");
        _ = Directory.CreateDirectory(scratch["d"]);
        using FuseGuest guest = new(scratch.Path, new PassthroughOptions { ReadOnly = true });
        ulong node = guest.MustLookup(Root, "f").NodeId;
        ulong handle = guest.Send(FuseOpcode.Open, node, new OpenIn()).As<OpenOut>().Handle;
        byte[] name = FuseGuest.Text("f");
        byte[] other = FuseGuest.Text("other");
        FuseReply[] replies =
        [
            guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 1 }),
            guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 2 }),
            guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 3 }),
            guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 0x200 }),
            guest.Send(FuseOpcode.Create, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, other),
            guest.Send(FuseOpcode.TemporaryFile, Root, new CreateIn { Flags = 2, Mode = 0x81A4 }, other),
            guest.Send(FuseOpcode.MakeNode, Root, new MakeNodeIn { Mode = 0x81A4 }, other),
            guest.Send(FuseOpcode.MakeDirectory, Root, new MakeDirectoryIn { Mode = 0x1ED }, other),
            guest.Send(FuseOpcode.SymbolicLink, Root, other, name),
            guest.Send(FuseOpcode.Link, Root, new LinkIn { OldNodeId = node }, other),
            guest.Send(FuseOpcode.Unlink, Root, name),
            guest.Send(FuseOpcode.RemoveDirectory, Root, FuseGuest.Text("d")),
            guest.Send(FuseOpcode.Rename, Root, new RenameIn { NewDirectory = Root }, name, other),
            guest.Send(FuseOpcode.Rename2, Root, new Rename2In { NewDirectory = Root }, name, other),
            guest.Send(FuseOpcode.SetAttributes, node, new SetAttributesIn { Valid = AttributeChanges.Size }),
            guest.Send(FuseOpcode.SetAttributes, node, new SetAttributesIn { Valid = AttributeChanges.AccessTime }),
            guest.Send(FuseOpcode.Write, node, new WriteIn { Handle = handle, Size = 1 }, [1]),
            guest.Send(FuseOpcode.Allocate, node, new AllocateIn { Handle = handle, Length = 10 }),
            guest.Send(FuseOpcode.CopyFileRange, node, new CopyFileRangeIn { SourceHandle = handle, TargetHandle = handle, TargetNodeId = node, Length = 1 }),
            guest.Send(FuseOpcode.SetExtendedAttribute, node, new byte[8], FuseGuest.Text("user.x")),
            guest.Send(FuseOpcode.RemoveExtendedAttribute, node, FuseGuest.Text("user.x")),
            guest.Send(FuseOpcode.Control, node, new ControlIn { Handle = handle, Command = 0x40086602, InputSize = 8 }, new byte[8]),
            guest.Send(FuseOpcode.Access, node, new AccessIn { Mask = 2 }),
        ];
        Assert.All(replies, reply => Assert.Equal(Errno.EROFS, reply.Error));
        Assert.Equal(["d", "f"], Directory.EnumerateFileSystemEntries(scratch.Path).Select(Path.GetFileName).Order());
        Assert.Equal("0123"u8, guest.Send(FuseOpcode.Read, node, new ReadIn { Handle = handle, Size = 10 }).Body);
    }
}
