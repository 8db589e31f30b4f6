using System.Text;
using Mono.Unix.Native;
using VirtioFs.Frontend.Fuse;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Operations;

/// <summary>Extended attributes are the host's.</summary>
public sealed class ExtendedAttributeTests : IDisposable
{
    private const uint CreateOnly = 1, ReplaceOnly = 2;
    private readonly SharedTree _tree = new();
    private readonly ulong _node;

    public ExtendedAttributeTests()
    {
        string path = _tree.WriteOnHost("file");
        _node = _tree.Find("file").NodeId;
        bool supported = Syscall.lsetxattr(path, "user.probe", "x"u8.ToArray(), XattrFlags.XATTR_AUTO) == 0;
        Assert.SkipUnless(supported, "The file system of the temporary directory has no extended attributes.");
        Assert.Equal(0, Syscall.lremovexattr(path, "user.probe"));
        int result = Fuse.Setxattr(_node, "user.probe", "x"u8);
        bool off = ServingBackEnd.Command is not null && result is -Errno.ENOSYS or -Errno.EOPNOTSUPP;
        Assert.SkipWhen(off, "The other back end has them switched off.");
        Assert.Equal(0, Fuse.Removexattr(_node, "user.probe"));
    }

    private FuseClient Fuse => _tree.Fuse;

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void What_the_guest_sets_the_host_has(int length)
    {
        byte[] value = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
        Assert.Equal(0, Fuse.Setxattr(_node, "user.name", value));
        Assert.Equal(length, Syscall.lgetxattr(_tree.Host("file"), "user.name", out byte[] onHost));
        Assert.Equal(value, onHost ?? []);
        Assert.Equal(length, Fuse.Getxattr(_node, "user.name", 0, out _));
        Assert.Equal(length, Fuse.Getxattr(_node, "user.name", 4096, out byte[] read));
        Assert.Equal(value, read);
    }

    [Fact]
    public void The_list_is_the_host_s()
    {
        Assert.Equal(0, Fuse.Setxattr(_node, "user.a", "1"u8));
        Assert.Equal(0, Fuse.Setxattr(_node, "user.b", "2"u8));
        int size = Fuse.Listxattr(_node, 0, out _);
        Assert.Equal(size, Fuse.Listxattr(_node, 4096, out byte[] list));
        string[] names = Encoding.UTF8.GetString(list).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["user.a", "user.b"], names.Where(name => name.StartsWith("user.", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public void Too_little_room_is_ERANGE()
    {
        Assert.Equal(0, Fuse.Setxattr(_node, "user.name", "0123456789"u8));
        Assert.Equal(-Errno.ERANGE, Fuse.Getxattr(_node, "user.name", 9, out _));
        Assert.Equal(-Errno.ERANGE, Fuse.Listxattr(_node, 3, out _));
    }

    [Fact]
    public void Missing_and_existing_are_told_apart()
    {
        Assert.Equal(-Errno.ENODATA, Fuse.Getxattr(_node, "user.missing", 100, out _));
        Assert.Equal(-Errno.ENODATA, Fuse.Removexattr(_node, "user.missing"));
        Assert.Equal(-Errno.ENODATA, Fuse.Setxattr(_node, "user.name", "x"u8, ReplaceOnly));
        Assert.Equal(0, Fuse.Setxattr(_node, "user.name", "x"u8, CreateOnly));
        Assert.Equal(-Errno.EEXIST, Fuse.Setxattr(_node, "user.name", "y"u8, CreateOnly));
        Assert.Equal(0, Fuse.Setxattr(_node, "user.name", "z"u8, ReplaceOnly));
        Assert.Equal(0, Fuse.Removexattr(_node, "user.name"));
        Assert.Equal(-1, Syscall.lgetxattr(_tree.Host("file"), "user.name", out _));
    }

    [Fact]
    public void They_work_on_directories()
    {
        Directory.CreateDirectory(_tree.Host("d"));
        ulong node = _tree.Find("d").NodeId;
        Assert.Equal(0, Fuse.Setxattr(node, "user.name", "x"u8));
        Assert.Equal(1, Fuse.Getxattr(node, "user.name", 100, out _));
    }

    [Fact]
    public void On_a_link_they_are_the_link_s_own()
    {
        HostFile.RequireRoot();
        File.CreateSymbolicLink(_tree.Host("link"), "file");
        ulong node = _tree.Find("link").NodeId;
        int expected = HostFile.Result(Syscall.lsetxattr(_tree.Host("link"), "trusted.name", "x"u8.ToArray(), XattrFlags.XATTR_AUTO));
        Assert.Equal(expected, Fuse.Setxattr(node, "trusted.name", "x"u8));
        Assert.Equal(-1, Syscall.lgetxattr(_tree.Host("file"), "trusted.name", out _));
    }

    [Fact]
    public void Names_that_are_none_are_refused()
    {
        Assert.True(Fuse.Setxattr(_node, "", "x"u8) < 0);
        Assert.True(Fuse.Setxattr(_node, "user." + new string('x', 251), "x"u8) < 0);
        Assert.True(Fuse.Setxattr(_node, "nosuchspace.name", "x"u8) < 0);
        Assert.Equal(0, Fuse.Setxattr(_node, "user." + new string('x', 250), "x"u8));
    }

    [Fact]
    public void Values_that_are_too_long_are_refused() =>
        Assert.Contains(Fuse.Setxattr(_node, "user.name", new byte[(64 << 10) + 1]), (int[])[-Errno.E2BIG, -Errno.ENOSPC]);
}
