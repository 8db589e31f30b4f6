using System.Text;
using Mono.Unix.Native;
using VirtioFs.EndToEnd.Tests.Sharing;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Hostile;

/// <summary>
/// Nothing outside of the shared directory is read, made, renamed or revealed: not through symbolic links that lie in it, not while the host
/// moves directories about, not through mounts, and no pipe or device of the host is ever opened.
/// </summary>
public sealed class EscapeTests : IDisposable
{
    private const string Secret = "secret of the host";
    private const uint Exchange = 2;
    private readonly string _outside = Directory.CreateTempSubdirectory("virtiofs-outside-").FullName;
    private readonly SharedTree _tree = new();
    private readonly string[] _before;

    public EscapeTests()
    {
        Directory.CreateDirectory(Outside("directory"));
        File.WriteAllText(Outside("directory/file"), Secret);
        File.WriteAllText(Outside("file"), Secret);
        foreach (string name in (string[])["file", "directory/file"])
        {
            Assert.Equal(0, Syscall.chmod(Outside(name), NativeConvert.FromOctalPermissionString("0600")));
        }

        _before = Describe();
    }

    private FuseClient Fuse => _tree.Fuse;

    public void Dispose()
    {
        _tree.Dispose();
        Directory.Delete(_outside, recursive: true);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("directory")]
    [InlineData("/etc")]
    [InlineData("..")]
    [InlineData("../..")]
    [InlineData("/proc/self/root")]
    [InlineData("/proc/self/fd/0")]
    public void A_link_is_a_link_to_every_operation(string target)
    {
        bool isOwn = target is "file" or "directory";
        File.CreateSymbolicLink(_tree.Host("link"), isOwn ? Outside(target) : target);
        ulong node = _tree.Find("link").NodeId;
        foreach (OpenFlags flags in (OpenFlags[])[OpenFlags.O_RDONLY, OpenFlags.O_WRONLY, OpenFlags.O_RDWR, OpenFlags.O_WRONLY | OpenFlags.O_TRUNC, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK])
        {
            Assert.True(Fuse.Open(node, HostFile.Raw(flags), out _) < 0, $"A link was opened with {flags}.");
        }

        Assert.Equal(-Errno.ENOTDIR, Fuse.Opendir(node, out _));
        Assert.Equal(-Errno.ENOTDIR, Fuse.Lookup(node, "file", out _));
        Assert.Equal(-Errno.ENOTDIR, Fuse.Mkdir(node, "new", 0x1ff, out _));
        Assert.Equal(-Errno.ENOTDIR, Fuse.Create(node, "new", HostFile.Raw(OpenFlags.O_RDWR), 0x1b6, out _));
        Assert.Equal(-Errno.ENOTDIR, Fuse.Symlink(node, "new", "x", out _));
        Assert.Equal(-Errno.ENOTDIR, Fuse.Mknod(node, "new", HostFile.Raw(FilePermissions.S_IFREG) | 0x1b6, 0, out _));
        Assert.Equal(-Errno.ENOTDIR, Fuse.Unlink(node, "file"));
        Assert.Equal(-Errno.ENOTDIR, Fuse.Rmdir(node, "directory"));
        Assert.Equal(-Errno.ENOTDIR, Fuse.Rename(node, "file", SharedTree.Root, "stolen"));
        Assert.Equal(-Errno.ENOTDIR, Fuse.Rename(SharedTree.Root, "link", node, "put"));
        Assert.Equal(-Errno.ENOTDIR, Fuse.Link(node, node, "put", out _));
        Assert.True(Fuse.Create(SharedTree.Root, "link", HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT), 0x1b6, out _) < 0);
        Assert.True(Fuse.Tmpfile(node, HostFile.Raw(OpenFlags.O_RDWR), 0x1b6, out _) < 0);

        // These change the link itself, or nothing.
        const uint ModeValid = 1, OwnerValid = 2, SizeValid = 8, TimesValid = 16 | 32;
        Assert.True(Fuse.Setattr(node, new FuseSetattrIn { Valid = SizeValid, Size = 0 }, out _) < 0);
        _ = Fuse.Setattr(node, new FuseSetattrIn { Valid = ModeValid, Mode = 0xfff }, out _);
        _ = Fuse.Setattr(node, new FuseSetattrIn { Valid = OwnerValid, UserId = 1234 }, out _);
        _ = Fuse.Setattr(node, new FuseSetattrIn { Valid = TimesValid }, out _);
        _ = Fuse.Setxattr(node, "user.mark", "x"u8);
        _ = Fuse.Setxattr(node, "trusted.mark", "x"u8);
        Assert.Equal(0, Fuse.Link(node, SharedTree.Root, "second", out FuseEntryOut second));
        Assert.Equal(node, second.NodeId);
        Assert.Equal(0, Fuse.Getattr(node, out FuseAttrOut told));
        Assert.Equal(HostFile.Raw(FilePermissions.S_IFLNK), told.Attr.Mode & 0xf000);
        Assert.Equal(_before, Describe());
        if (isOwn)
        {
            Assert.Equal(-1, Syscall.getxattr(Outside(target), "user.mark", out _));
            Assert.Equal(-1, Syscall.getxattr(Outside(target), "trusted.mark", out _));
        }
    }

    [Theory]
    [InlineData(FilePermissions.S_IFIFO, 0ul)]
    [InlineData(FilePermissions.S_IFSOCK, 0ul)]
    [InlineData(FilePermissions.S_IFCHR, 0x501ul)] // The console.
    [InlineData(FilePermissions.S_IFCHR, 0x109ul)] // A source of endless bytes.
    [InlineData(FilePermissions.S_IFBLK, 0x700ul)] // A disk.
    public void Pipes_sockets_and_devices_of_the_host_are_never_opened(FilePermissions type, ulong device)
    {
        HostFile.RequireRoot();
        int made = Syscall.mknod(_tree.Host("special"), type | NativeConvert.FromOctalPermissionString("0666"), device);
        Assert.SkipWhen(made < 0, "This machine lets nobody make such a node.");
        ulong node = _tree.Find("special").NodeId;
        long start = Environment.TickCount64;
        foreach (OpenFlags flags in (OpenFlags[])[OpenFlags.O_RDONLY, OpenFlags.O_WRONLY, OpenFlags.O_RDWR, OpenFlags.O_RDWR | OpenFlags.O_NONBLOCK, OpenFlags.O_WRONLY | OpenFlags.O_TRUNC])
        {
            Assert.Equal(-Errno.EACCES, Fuse.Open(node, HostFile.Raw(flags), out _));
            Assert.True(Fuse.Create(SharedTree.Root, "special", HostFile.Raw(flags | OpenFlags.O_CREAT), 0x1b6, out _) < 0);
        }

        Assert.Equal(-Errno.ENOTDIR, Fuse.Opendir(node, out _));
        Assert.Equal(-Errno.EINVAL, Fuse.Setattr(node, new FuseSetattrIn { Valid = 8, Size = 0 }, out _));
        List<DirectoryEntry> entries = [];
        Assert.Equal(0, Fuse.ReadWholeDirectory(SharedTree.Root, plus: true, entries));
        Assert.Equal(0, Fuse.Rename(SharedTree.Root, "special", SharedTree.Root, "renamed"));
        Assert.Equal(0, Fuse.Link(node, SharedTree.Root, "linked", out _));
        Assert.Equal(0, Fuse.Unlink(SharedTree.Root, "linked"));
        Assert.InRange(Environment.TickCount64 - start, 0, 8_000);
    }

    [Fact]
    public void A_directory_and_a_link_that_change_places_all_the_time_lead_nobody_outside()
    {
        const int Rounds = 1500;
        Directory.CreateDirectory(_tree.Host("place"));
        File.WriteAllText(_tree.Host("place/file"), "share");
        File.CreateSymbolicLink(_tree.Host("other"), Outside("directory"));
        using Swapper host = new(_tree.Host("place"), _tree.Host("other"));
        int asDirectory = 0, asLink = 0;
        for (int round = 0; round < Rounds; round++)
        {
            Assert.Equal(0, Fuse.Lookup(SharedTree.Root, "place", out FuseEntryOut place));
            bool isDirectory = (place.Attr.Mode & 0xf000) == HostFile.Raw(FilePermissions.S_IFDIR);
            _ = isDirectory ? asDirectory++ : asLink++;
            if (Fuse.Lookup(place.NodeId, "file", out FuseEntryOut file) == 0)
            {
                Assert.True(isDirectory);
                AssertNoSecret(file.NodeId);
            }

            Assert.Equal(isDirectory, Fuse.Create(place.NodeId, $"made-{round}", HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT), 0x1b6, out FuseCreateOut made) == 0);
            if (isDirectory)
            {
                Assert.Equal(0, Fuse.Release(made.Entry.NodeId, made.Open.Handle));
                Assert.Equal(0, Fuse.Rename(place.NodeId, $"made-{round}", SharedTree.Root, "moved"));
                Assert.Equal(0, Fuse.Unlink(SharedTree.Root, "moved"));
                List<DirectoryEntry> entries = [];
                Assert.Equal(0, Fuse.ReadWholeDirectory(place.NodeId, plus: (round & 1) == 0, entries));
            }
            else
            {
                Assert.True(Fuse.Unlink(place.NodeId, "file") < 0);
                Assert.True(Fuse.Rename(place.NodeId, "file", SharedTree.Root, "stolen") < 0);
            }

            Fuse.Forget(place.NodeId);
        }

        Assert.Equal(_before, Describe());
        Assert.False(HostFile.Exists(_tree.Host("stolen")));
        Assert.True(asDirectory > 0 && asLink > 0, $"The host's renames were not met: {asDirectory} directories, {asLink} links.");
    }

    [Fact]
    public void A_directory_that_the_host_moves_out_and_in_has_no_way_up()
    {
        Directory.CreateDirectory(_tree.Host("inner/deep"));
        ulong inner = _tree.Find("inner").NodeId, deep = _tree.Find("inner/deep").NodeId;
        Directory.Move(_tree.Host("inner"), Outside("inner"));
        foreach (string name in (string[])["..", ".", "../file", "/", "deep/..", "../directory"])
        {
            Assert.Equal(-Errno.EINVAL, Fuse.Lookup(inner, name, out _));
            Assert.Equal(-Errno.EINVAL, Fuse.Lookup(deep, name, out _));
            Assert.Equal(-Errno.EINVAL, Fuse.Rename(SharedTree.Root, "x", deep, name));
        }

        List<DirectoryEntry> entries = [];
        int listed = Fuse.ReadWholeDirectory(inner, plus: true, entries);
        Assert.Equal(_tree.BackEnd.HasLandlock ? -Errno.EACCES : 0, listed);
        Assert.DoesNotContain(entries, entry => entry.Name is "file" or "directory");
        Assert.All(entries.Where(entry => entry.Name is "." or ".."), entry => Assert.Equal(0ul, entry.Entry.NodeId));
        Directory.Move(Outside("inner"), _tree.Host("back"));
        Assert.Equal(_before, Describe());
    }

    [Fact]
    public void A_mount_inside_shows_what_is_mounted_and_nothing_beside_it()
    {
        HostFile.RequireRoot();
        string mounted = Directory.CreateDirectory(_tree.Host("mounted")).FullName;
        using BindMount mount = new(Outside("directory"), mounted);
        ulong node = _tree.Find("mounted").NodeId;
        Assert.Equal(0, Fuse.Lookup(node, "file", out _));
        foreach (string name in (string[])["..", "../file", "/"])
        {
            Assert.Equal(-Errno.EINVAL, Fuse.Lookup(node, name, out _));
            Assert.Equal(-Errno.EINVAL, Fuse.Mkdir(node, name, 0x1ff, out _));
        }

        Assert.True(Fuse.Rename(node, "file", SharedTree.Root, "stolen") < 0, "A file was moved out of its mount.");
        Assert.True(Fuse.Rmdir(SharedTree.Root, "mounted") < 0);
        Assert.True(Fuse.Rename(SharedTree.Root, "mounted", SharedTree.Root, "elsewhere") < 0);
        Assert.True(Fuse.Link(_tree.Find("mounted/file").NodeId, SharedTree.Root, "stolen", out _) < 0);
        List<DirectoryEntry> entries = [];
        Assert.Equal(0, Fuse.ReadWholeDirectory(node, plus: true, entries));
        Assert.Equal(3, entries.Count);
        Assert.All(entries.Where(entry => entry.Name is "." or ".."), entry => Assert.Equal(0ul, entry.Entry.NodeId));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(256)]
    [InlineData(4096)]
    public void Names_of_attributes_have_1_to_255_bytes(int length)
    {
        _tree.WriteOnHost("file");
        ulong node = _tree.Find("file").NodeId;
        string name = length == 0 ? "" : "user." + new string('x', length - 5);
        Assert.Equal(-Errno.ERANGE, Fuse.Setxattr(node, name, "v"u8));
        Assert.Equal(-Errno.ERANGE, Fuse.Getxattr(node, name, 100, out _));
        Assert.Equal(-Errno.ERANGE, Fuse.Removexattr(node, name));
        Assert.Equal(0, Fuse.Listxattr(node, 1000, out byte[] names) < 0 ? 0 : names.AsSpan().IndexOf("user.xx"u8) + 1);
    }

    [Theory]
    [InlineData("user./etc/passwd")]
    [InlineData("user...")]
    [InlineData("user.../../outside")]
    [InlineData("../../file")]
    [InlineData("/etc/passwd")]
    [InlineData("0")]
    public void Names_of_attributes_are_no_paths(string name)
    {
        _tree.WriteOnHost("file");
        ulong node = _tree.Find("file").NodeId;
        string[] before = [.. Directory.EnumerateFileSystemEntries(_tree.HostRoot, "*", SearchOption.AllDirectories)];
        int set = Fuse.Setxattr(node, name, "v"u8);
        Assert.True(set is 0 or -Errno.EOPNOTSUPP or -Errno.EPERM or -Errno.EINVAL, $"Setting '{name}' answered {set}.");
        _ = Fuse.Removexattr(node, name);
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(_tree.HostRoot, "*", SearchOption.AllDirectories));
        Assert.Equal(_before, Describe());
    }

    private string Outside(string path) => Path.Combine(_outside, path);

    private void AssertNoSecret(ulong node)
    {
        if (Fuse.Open(node, HostFile.Raw(OpenFlags.O_RDONLY), out FuseOpenOut open) != 0)
        {
            return;
        }

        int length = Fuse.Read(node, open.Handle, 0, 100);
        Assert.Equal("share".Length, length);
        Assert.Equal(0, Fuse.Release(node, open.Handle));
    }

    /// <summary>Name, mode, owner, size and times of all that is outside, and what the files say.</summary>
    private string[] Describe() =>
    [
        .. Directory.EnumerateFileSystemEntries(_outside, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path =>
        {
            Stat status = HostFile.Status(path);
            string content = File.Exists(path) ? Encoding.UTF8.GetString(File.ReadAllBytes(path)) : "";
            return $"{path} {status.st_mode} {status.st_uid} {status.st_size} {status.st_mtime} {status.st_mtime_nsec} {status.st_nlink} {content}";
        }),
    ];

    /// <summary>Makes two names change places, again and again.</summary>
    private sealed class Swapper : IDisposable
    {
        private readonly Thread _thread;
        private volatile bool _ends;

        internal unsafe Swapper(string one, string two)
        {
            byte[] first = Encoding.UTF8.GetBytes(one + '\0'), second = Encoding.UTF8.GetBytes(two + '\0');
            _thread = new Thread(() =>
            {
                fixed (byte* from = first, to = second)
                {
                    while (!_ends)
                    {
                        _ = Linux.PathCalls.Rename(Linux.Files.WorkingDirectory, from, Linux.Files.WorkingDirectory, to, Exchange);
                    }
                }
            });
            _thread.Start();
        }

        public void Dispose()
        {
            _ends = true;
            _thread.Join();
        }
    }

    /// <summary>A directory that is seen at a second place too, until this is disposed.</summary>
    private sealed class BindMount : IDisposable
    {
        private readonly string _target;

        internal BindMount(string source, string target)
        {
            _target = target;
            Assert.SkipUnless(Run("mount", "--bind", source, target) == 0, "This machine lets nobody mount.");
        }

        public void Dispose() => _ = Run("umount", "--lazy", _target);

        private static int Run(string program, params string[] arguments)
        {
            using System.Diagnostics.Process process = System.Diagnostics.Process.Start(program, arguments);
            process.WaitForExit();
            return process.ExitCode;
        }
    }
}
