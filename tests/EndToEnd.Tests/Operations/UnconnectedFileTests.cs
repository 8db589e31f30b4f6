using Mono.Unix.Native;
using VirtioFs.EndToEnd.Tests.Sharing;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Operations;

/// <summary>Files that are held by handles, and whose names the host's kernel has forgotten, which a jail by Landlock refuses.</summary>
public sealed class UnconnectedFileTests : IDisposable
{
    private readonly SharedTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void A_file_whose_name_the_host_has_forgotten_is_stale_until_it_is_looked_up()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has file handles, and may empty the kernel's caches.");
        Assert.Equal(0, _tree.Fuse.Create(SharedTree.Root, "file", HostFile.Raw(OpenFlags.O_RDWR), 0x1a4, out FuseCreateOut created));
        Assert.Equal(0, _tree.Fuse.Release(created.Entry.NodeId, created.Open.Handle));
        File.WriteAllText(_tree.Host("file"), "content");
        ForgetNames();

        ulong node = created.Entry.NodeId;
        Assert.Contains(_tree.Fuse.Open(node, 0, out FuseOpenOut open), (int[])[0, -Errno.ESTALE]);
        Assert.Contains(_tree.Fuse.Link(node, SharedTree.Root, "early", out _), (int[])[0, -Errno.ESTALE]);
        Assert.Equal(0, _tree.Fuse.Lookup(SharedTree.Root, "file", out FuseEntryOut again));
        Assert.Equal(node, again.NodeId);
        Assert.Equal(0, _tree.Fuse.Open(node, 0, out open));
        Assert.Equal("content".Length, _tree.Fuse.Read(node, open.Handle, 0, 100));
        Assert.Equal(0, _tree.Fuse.Link(node, SharedTree.Root, "late", out FuseEntryOut linked));
        Assert.Equal(node, linked.NodeId);
    }

    // Slab objects that can be freed: names and inodes that nobody uses (Documentation/admin-guide/sysctl/vm.rst).
    private static void ForgetNames()
    {
        _ = Syscall.sync();
        File.WriteAllText("/proc/sys/vm/drop_caches", "2");
    }
}
