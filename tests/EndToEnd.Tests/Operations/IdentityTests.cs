using Mono.Unix.Native;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Operations;

/// <summary>What a guest's user makes belongs to that user.</summary>
public sealed class IdentityTests : IDisposable
{
    private readonly SharedTree _tree = new();

    public IdentityTests()
    {
        HostFile.RequireRoot();
        (_tree.Fuse.Call.UserId, _tree.Fuse.Call.GroupId) = (1234, 5678);
    }

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Whatever_is_made_belongs_to_the_caller()
    {
        Assert.Equal(0, _tree.Fuse.Mkdir(SharedTree.Root, "directory", 0x1ff, out _));
        Assert.Equal(0, _tree.Fuse.Symlink(SharedTree.Root, "link", "x", out _));
        Assert.Equal(0, _tree.Fuse.Mknod(SharedTree.Root, "pipe", HostFile.Raw(FilePermissions.S_IFIFO) | 0x1b6, 0, out _));
        Assert.Equal(0, _tree.Fuse.Create(SharedTree.Root, "file", HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT), 0x1b6, out _));
        foreach (string name in (string[])["directory", "link", "pipe", "file"])
        {
            Stat host = _tree.StatOnHost(name);
            Assert.Equal((1234u, 5678u), (host.st_uid, host.st_gid));
        }
    }

    [Fact]
    public void The_group_of_a_set_group_id_directory_goes_on_to_what_is_made_in_it()
    {
        Directory.CreateDirectory(_tree.Host("d"));
        Assert.Equal(0, Syscall.chown(_tree.Host("d"), 1234, 42));
        Assert.Equal(0, Syscall.chmod(_tree.Host("d"), NativeConvert.FromOctalPermissionString("2777")));
        Assert.Equal(0, _tree.Fuse.Mkdir(_tree.Find("d").NodeId, "inner", 0x1ff, out _));
        Assert.Equal(42u, _tree.StatOnHost("d/inner").st_gid);
        Assert.Equal(0x400u, HostFile.Permissions(_tree.Host("d/inner")) & 0x400);
    }

    [Fact]
    public void The_next_request_is_not_made_as_the_last_one_s_user()
    {
        Assert.Equal(0, _tree.Fuse.Mkdir(SharedTree.Root, "first", 0x1ff, out _));
        (_tree.Fuse.Call.UserId, _tree.Fuse.Call.GroupId) = (0, 0);
        Assert.Equal(0, _tree.Fuse.Mkdir(SharedTree.Root, "second", 0x1ff, out _));
        Assert.Equal((0u, 0u), (_tree.StatOnHost("second").st_uid, _tree.StatOnHost("second").st_gid));
    }
}
