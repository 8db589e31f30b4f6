using Mono.Unix.Native;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Operations;

/// <summary>Listings have every entry once, whatever the room and wherever they go on.</summary>
public sealed class DirectoryTests : IDisposable
{
    private readonly SharedTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData(false, 0, 4096)]
    [InlineData(true, 0, 4096)]
    [InlineData(false, 1, 4096)]
    [InlineData(true, 1000, 4096)]
    [InlineData(false, 1000, 4096)]
    [InlineData(true, 1000, 256)]
    [InlineData(false, 100, 64)]
    [InlineData(true, 3000, 1 << 20)]
    [InlineData(false, 3000, 1 << 20)]
    public void Every_entry_is_listed_once(bool plus, int files, int room)
    {
        string[] names = [.. Enumerable.Range(0, files).Select(i => $"file-{i}")];
        foreach (string name in names)
        {
            _tree.WriteOnHost(name);
        }

        List<DirectoryEntry> entries = [];
        Assert.Equal(0, _tree.Fuse.ReadWholeDirectory(SharedTree.Root, plus, entries, room));
        Assert.Equal(names.Order(StringComparer.Ordinal), Names(entries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Entries_have_the_host_s_inode_and_type()
    {
        MakeOneOfEach();
        List<DirectoryEntry> entries = [];
        Assert.Equal(0, _tree.Fuse.ReadWholeDirectory(SharedTree.Root, plus: false, entries));
        foreach (DirectoryEntry entry in entries.Where(entry => entry.Name is not ("." or "..")))
        {
            Stat host = _tree.StatOnHost(entry.Name);
            Assert.Equal(host.st_ino, entry.Record.Inode);
            Assert.Equal(HostFile.Raw(host.st_mode) >> 12, entry.Record.Type);
        }
    }

    [Fact]
    public void Readdirplus_also_looks_each_entry_up()
    {
        MakeOneOfEach();
        List<DirectoryEntry> entries = [];
        Assert.Equal(0, _tree.Fuse.ReadWholeDirectory(SharedTree.Root, plus: true, entries));
        foreach (DirectoryEntry entry in entries.Where(entry => entry.Name is not ("." or "..")))
        {
            HostFile.AssertSame(_tree.StatOnHost(entry.Name), entry.Entry.Attr);
            Assert.Equal(_tree.Find(entry.Name).NodeId, entry.Entry.NodeId);
        }

        // fs/fuse/readdir.c passes these over; a reference to them would never be given back.
        Assert.All(entries.Where(entry => entry.Name is "." or ".."), entry => Assert.Equal(0UL, entry.Entry.NodeId));
    }

    [Fact]
    public void A_listing_goes_on_from_any_entry_s_offset()
    {
        for (int i = 0; i < 50; i++)
        {
            _tree.WriteOnHost($"file-{i}");
        }

        List<DirectoryEntry> all = [];
        Assert.Equal(0, _tree.Fuse.Opendir(SharedTree.Root, out FuseOpenOut open));
        Assert.True(_tree.Fuse.Readdir(SharedTree.Root, open.Handle, 0, 32 << 10, plus: false, all) > 0);
        foreach (int start in (int[])[10, 30, 5, 51, 0])
        {
            List<DirectoryEntry> rest = [];
            ulong offset = all[start].Record.Offset;
            Assert.True(_tree.Fuse.Readdir(SharedTree.Root, open.Handle, offset, 32 << 10, plus: false, rest) >= 0);
            Assert.Equal(all.Skip(start + 1).Select(entry => entry.Name), rest.Select(entry => entry.Name));
        }

        List<DirectoryEntry> again = [];
        Assert.True(_tree.Fuse.Readdir(SharedTree.Root, open.Handle, 0, 32 << 10, plus: false, again) > 0);
        Assert.Equal(all.Select(entry => entry.Name), again.Select(entry => entry.Name));
    }

    [Fact]
    public void A_listing_read_from_the_beginning_again_has_what_is_new()
    {
        Assert.Equal(0, _tree.Fuse.Opendir(SharedTree.Root, out FuseOpenOut open));
        List<DirectoryEntry> before = [], after = [];
        _tree.Fuse.Readdir(SharedTree.Root, open.Handle, 0, 4096, plus: true, before);
        _tree.WriteOnHost("new");
        _tree.Fuse.Readdir(SharedTree.Root, open.Handle, 0, 4096, plus: true, after);
        Assert.Empty(Names(before));
        Assert.Equal(["new"], Names(after));
    }

    [Fact]
    public void Files_that_go_away_while_listed_are_left_out_or_listed_but_never_an_error()
    {
        for (int i = 0; i < 200; i++)
        {
            _tree.WriteOnHost($"file-{i}");
        }

        Assert.Equal(0, _tree.Fuse.Opendir(SharedTree.Root, out FuseOpenOut open));
        List<DirectoryEntry> entries = [];
        Assert.True(_tree.Fuse.Readdir(SharedTree.Root, open.Handle, 0, 2048, plus: true, entries) > 0);
        foreach (string file in Directory.GetFiles(_tree.HostRoot))
        {
            File.Delete(file);
        }

        int read;
        do
        {
            read = _tree.Fuse.Readdir(SharedTree.Root, open.Handle, entries[^1].Record.Offset, 2048, plus: true, entries);
        }
        while (read > 0);
        Assert.Equal(0, read);
    }

    [Fact]
    public void Opendir_of_a_file_is_an_error()
    {
        _tree.WriteOnHost("file");
        Assert.Equal(-Errno.ENOTDIR, _tree.Fuse.Opendir(_tree.Find("file").NodeId, out _));
    }

    [Fact]
    public void A_directory_can_be_flushed_and_its_handle_goes_with_release()
    {
        Assert.Equal(0, _tree.Fuse.Opendir(SharedTree.Root, out FuseOpenOut open));
        Assert.Equal(0, _tree.Fuse.Fsyncdir(SharedTree.Root, open.Handle));
        Assert.Equal(0, _tree.Fuse.Releasedir(SharedTree.Root, open.Handle));
        Assert.Equal(-Errno.EBADF, _tree.Fuse.Readdir(SharedTree.Root, open.Handle, 0, 4096, plus: false, []));
    }

    private static IEnumerable<string> Names(IEnumerable<DirectoryEntry> entries) =>
        entries.Select(entry => entry.Name).Where(name => name is not ("." or ".."));

    private void MakeOneOfEach()
    {
        _tree.WriteOnHost("file", "content");
        Directory.CreateDirectory(_tree.Host("directory"));
        File.CreateSymbolicLink(_tree.Host("link"), "nowhere");
        Assert.Equal(0, Syscall.mkfifo(_tree.Host("pipe"), NativeConvert.FromOctalPermissionString("0640")));
    }
}
