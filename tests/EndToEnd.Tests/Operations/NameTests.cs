using Mono.Unix.Native;
using VirtioFs.Frontend.Wire;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Operations;

/// <summary>Operations on names do to the host what the same system calls do.</summary>
public sealed class NameTests : IDisposable
{
    private const uint NoReplace = 1, Exchange = 2, Whiteout = 4;
    private readonly SharedTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Lookup_tells_of_each_type_of_file_what_the_host_says()
    {
        _tree.WriteOnHost("file", "content");
        Directory.CreateDirectory(_tree.Host("directory"));
        File.CreateSymbolicLink(_tree.Host("link"), "no such target");
        Assert.Equal(0, Syscall.mkfifo(_tree.Host("pipe"), NativeConvert.FromOctalPermissionString("0640")));
        foreach (string name in (string[])["file", "directory", "link", "pipe"])
        {
            FuseEntryOut entry = _tree.Find(name);
            Assert.NotEqual(0UL, entry.NodeId);
            HostFile.AssertSame(_tree.StatOnHost(name), entry.Attr);
        }
    }

    [Fact]
    public void Lookup_of_a_missing_name_is_an_error() =>
        Assert.Equal(-Errno.ENOENT, _tree.Fuse.Lookup(SharedTree.Root, "missing", out _));

    [Fact]
    public void Lookup_in_a_file_is_an_error()
    {
        _tree.WriteOnHost("file");
        Assert.Equal(-Errno.ENOTDIR, _tree.Fuse.Lookup(_tree.Find("file").NodeId, "x", out _));
    }

    [Fact]
    public void Two_names_of_one_file_are_one_inode()
    {
        _tree.WriteOnHost("a");
        Assert.Equal(0, Syscall.link(_tree.Host("a"), _tree.Host("b")));
        Assert.Equal(_tree.Find("a").NodeId, _tree.Find("b").NodeId);
    }

    [Fact]
    public void Names_may_be_any_bytes_up_to_255()
    {
        foreach (string name in (string[])["...", " ", "a\\b", "ünïcödé", "-rf", "new\nline", new string('x', 255), new string('é', 127)])
        {
            Assert.Equal(0, _tree.Fuse.Mkdir(SharedTree.Root, name, 0x1ed, out FuseEntryOut made));
            HostFile.AssertSame(_tree.StatOnHost(name), made.Attr);
            Assert.Equal(made.NodeId, _tree.Find(name).NodeId);
        }
    }

    [Theory]
    [InlineData("0777")]
    [InlineData("0640")]
    [InlineData("0000")]
    [InlineData("1777")]
    public void Mkdir_makes_exactly_the_permissions_that_the_guest_asks_for(string octal)
    {
        uint mode = Convert.ToUInt32(octal, 8);
        Assert.Equal(0, _tree.Fuse.Mkdir(SharedTree.Root, "d", mode, out FuseEntryOut entry));
        Assert.Equal(mode, HostFile.Permissions(_tree.Host("d")));
        HostFile.AssertSame(_tree.StatOnHost("d"), entry.Attr);
    }

    [Fact]
    public void Mkdir_over_something_is_an_error()
    {
        _tree.WriteOnHost("x");
        Assert.Equal(-Errno.EEXIST, _tree.Fuse.Mkdir(SharedTree.Root, "x", 0x1ff, out _));
    }

    [Fact]
    public void Mknod_makes_files_pipes_and_sockets()
    {
        foreach (FilePermissions type in (FilePermissions[])[FilePermissions.S_IFREG, FilePermissions.S_IFIFO, FilePermissions.S_IFSOCK])
        {
            uint mode = HostFile.Raw(type) | 0x1b6;
            Assert.Equal(0, _tree.Fuse.Mknod(SharedTree.Root, $"{type}", mode, 0, out FuseEntryOut entry));
            Assert.Equal(mode, entry.Attr.Mode);
            HostFile.AssertSame(_tree.StatOnHost($"{type}"), entry.Attr);
        }
    }

    [Fact]
    public void Mknod_makes_devices_for_root()
    {
        HostFile.RequireRoot();
        Assert.Equal(0, _tree.Fuse.Mknod(SharedTree.Root, "null", HostFile.Raw(FilePermissions.S_IFCHR) | 0x1b6, 0x103, out FuseEntryOut entry));
        Assert.Equal(0x103u, entry.Attr.DeviceNumber);
        HostFile.AssertSame(_tree.StatOnHost("null"), entry.Attr);
    }

    [Theory]
    [InlineData("relative")]
    [InlineData("/absolute/to/nowhere")]
    [InlineData("../../outside")]
    public void Symlink_keeps_its_target_to_the_letter(string target)
    {
        Assert.Equal(0, _tree.Fuse.Symlink(SharedTree.Root, "link", target, out FuseEntryOut entry));
        HostFile.AssertSame(_tree.StatOnHost("link"), entry.Attr);
        Assert.Equal(target, new FileInfo(_tree.Host("link")).LinkTarget);
        Assert.Equal(0, _tree.Fuse.Readlink(entry.NodeId, out string read));
        Assert.Equal(target, read);
    }

    [Fact]
    public void Symlink_targets_can_have_4095_bytes_and_no_more()
    {
        string longest = new('t', 4095);
        Assert.Equal(0, _tree.Fuse.Symlink(SharedTree.Root, "link", longest, out FuseEntryOut entry));
        Assert.Equal(0, _tree.Fuse.Readlink(entry.NodeId, out string read));
        Assert.Equal(longest, read);
        Assert.Equal(-Errno.ENAMETOOLONG, _tree.Fuse.Symlink(SharedTree.Root, "longer", longest + "t", out _));
        Assert.Equal(-Errno.ENOENT, _tree.Fuse.Symlink(SharedTree.Root, "empty", "", out _));
    }

    [Fact]
    public void Readlink_of_a_file_is_an_error()
    {
        _tree.WriteOnHost("file");

        // readlink(2) of a path says EINVAL, readlinkat(2) of a descriptor ENOENT; a Linux guest asks neither way.
        Assert.Contains(_tree.Fuse.Readlink(_tree.Find("file").NodeId, out _), (int[])[-Errno.EINVAL, -Errno.ENOENT]);
    }

    [Fact]
    public void Unlink_and_rmdir_remove_their_own_kind_only()
    {
        _tree.WriteOnHost("file");
        Directory.CreateDirectory(_tree.Host("full/inner"));
        Assert.Equal(-Errno.EISDIR, _tree.Fuse.Unlink(SharedTree.Root, "full"));
        Assert.Equal(-Errno.ENOTDIR, _tree.Fuse.Rmdir(SharedTree.Root, "file"));
        Assert.Equal(-Errno.ENOTEMPTY, _tree.Fuse.Rmdir(SharedTree.Root, "full"));
        Assert.Equal(0, _tree.Fuse.Unlink(SharedTree.Root, "file"));
        Assert.Equal(0, _tree.Fuse.Rmdir(_tree.Find("full").NodeId, "inner"));
        Assert.Equal(0, _tree.Fuse.Rmdir(SharedTree.Root, "full"));
        Assert.Equal(-Errno.ENOENT, _tree.Fuse.Unlink(SharedTree.Root, "file"));
        Assert.Equal(-Errno.ENOENT, _tree.Fuse.Rmdir(SharedTree.Root, "full"));
        Assert.Empty(Directory.GetFileSystemEntries(_tree.HostRoot));
    }

    [Fact]
    public void An_unlinked_file_lives_on_while_the_guest_has_it_open()
    {
        _tree.WriteOnHost("file", "still here");
        (ulong node, ulong handle) = _tree.Open("file");
        Assert.Equal(0, _tree.Fuse.Unlink(SharedTree.Root, "file"));
        Assert.Equal(10, _tree.Fuse.Read(node, handle, 0, 100));
        Assert.Equal("still here"u8, _tree.Fuse.Call.Data);
        Assert.Equal(0, _tree.Fuse.Getattr(node, out FuseAttrOut answer, handle));
        Assert.Equal(0u, answer.Attr.LinkCount);
        Assert.Equal(0, _tree.Fuse.Release(node, handle));
    }

    [Fact]
    public void Rename_moves_between_directories_and_replaces()
    {
        Directory.CreateDirectory(_tree.Host("from"));
        Directory.CreateDirectory(_tree.Host("to"));
        _tree.WriteOnHost("from/a", "moved");
        _tree.WriteOnHost("to/b", "replaced");
        ulong node = _tree.Find("from/a").NodeId;
        Assert.Equal(0, _tree.Fuse.Rename(_tree.Find("from").NodeId, "a", _tree.Find("to").NodeId, "b"));
        Assert.Equal("moved", File.ReadAllText(_tree.Host("to/b")));
        Assert.False(HostFile.Exists(_tree.Host("from/a")));
        Assert.Equal(node, _tree.Find("to/b").NodeId);
        Assert.Equal(0, _tree.Fuse.Getattr(node, out FuseAttrOut answer));
        HostFile.AssertSame(_tree.StatOnHost("to/b"), answer.Attr);
    }

    [Fact]
    public void Rename_refuses_what_the_host_refuses()
    {
        Directory.CreateDirectory(_tree.Host("a/b"));
        Directory.CreateDirectory(_tree.Host("full/inner"));
        _tree.WriteOnHost("file");
        Assert.Equal(-Errno.EINVAL, _tree.Fuse.Rename(SharedTree.Root, "a", _tree.Find("a/b").NodeId, "c"));
        Assert.Equal(-Errno.ENOTEMPTY, _tree.Fuse.Rename(SharedTree.Root, "a", SharedTree.Root, "full"));
        Assert.Equal(-Errno.ENOTDIR, _tree.Fuse.Rename(SharedTree.Root, "a", SharedTree.Root, "file"));
        Assert.Equal(-Errno.EISDIR, _tree.Fuse.Rename(SharedTree.Root, "file", SharedTree.Root, "full"));
        Assert.Equal(-Errno.ENOENT, _tree.Fuse.Rename(SharedTree.Root, "missing", SharedTree.Root, "x"));
    }

    [Fact]
    public void Rename2_can_refuse_to_replace()
    {
        _tree.WriteOnHost("a", "a");
        _tree.WriteOnHost("b", "b");
        Assert.Equal(-Errno.EEXIST, _tree.Fuse.Rename2(SharedTree.Root, "a", SharedTree.Root, "b", NoReplace));
        Assert.Equal("b", File.ReadAllText(_tree.Host("b")));
        Assert.Equal(0, _tree.Fuse.Rename2(SharedTree.Root, "a", SharedTree.Root, "c", NoReplace));
        Assert.Equal("a", File.ReadAllText(_tree.Host("c")));
    }

    [Fact]
    public void Rename2_can_exchange()
    {
        _tree.WriteOnHost("a", "was a");
        _tree.WriteOnHost("b", "was b");
        Assert.Equal(0, _tree.Fuse.Rename2(SharedTree.Root, "a", SharedTree.Root, "b", Exchange));
        Assert.Equal("was b", File.ReadAllText(_tree.Host("a")));
        Assert.Equal("was a", File.ReadAllText(_tree.Host("b")));
    }

    [Fact]
    public void Rename2_can_leave_a_whiteout()
    {
        HostFile.RequireRoot();
        _tree.WriteOnHost("a", "was a");
        int result = _tree.Fuse.Rename2(SharedTree.Root, "a", SharedTree.Root, "b", Whiteout);
        Assert.SkipWhen(result == -Errno.EINVAL, "The file system of the temporary directory knows no whiteouts.");
        Assert.Equal(0, result);
        Assert.Equal(HostFile.Raw(FilePermissions.S_IFCHR), HostFile.Raw(_tree.StatOnHost("a").st_mode));
        Assert.Equal("was a", File.ReadAllText(_tree.Host("b")));
    }

    [Theory]
    [InlineData(NoReplace | Exchange)]
    [InlineData(8)]
    [InlineData(uint.MaxValue)]
    public void Rename2_refuses_flags_that_have_no_sense(uint flags)
    {
        _tree.WriteOnHost("a");
        Assert.Equal(-Errno.EINVAL, _tree.Fuse.Rename2(SharedTree.Root, "a", SharedTree.Root, "b", flags));
        Assert.True(HostFile.Exists(_tree.Host("a")));
    }

    [Fact]
    public void Link_gives_a_file_one_more_name()
    {
        _tree.WriteOnHost("a", "shared");
        FuseEntryOut first = _tree.Find("a");
        Assert.Equal(0, _tree.Fuse.Link(first.NodeId, SharedTree.Root, "b", out FuseEntryOut second));
        Assert.Equal(first.NodeId, second.NodeId);
        Assert.Equal(2u, second.Attr.LinkCount);
        HostFile.AssertSame(_tree.StatOnHost("b"), second.Attr);
    }

    [Fact]
    public void Link_gives_a_symbolic_link_itself_one_more_name()
    {
        File.CreateSymbolicLink(_tree.Host("link"), "nowhere");
        Assert.Equal(0, _tree.Fuse.Link(_tree.Find("link").NodeId, SharedTree.Root, "second", out _));
        Assert.Equal("nowhere", new FileInfo(_tree.Host("second")).LinkTarget);
    }

    [Fact]
    public void Link_refuses_directories_and_existing_names()
    {
        Directory.CreateDirectory(_tree.Host("d"));
        _tree.WriteOnHost("a");
        Assert.Equal(-Errno.EPERM, _tree.Fuse.Link(_tree.Find("d").NodeId, SharedTree.Root, "e", out _));
        Assert.Equal(-Errno.EEXIST, _tree.Fuse.Link(_tree.Find("a").NodeId, SharedTree.Root, "d", out _));
    }
}
