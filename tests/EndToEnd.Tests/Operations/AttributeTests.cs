using Mono.Unix.Native;
using VirtioFs.Frontend.Wire;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Operations;

/// <summary>Attributes are the host's, and are changed as the host's own calls change them.</summary>
public sealed class AttributeTests : IDisposable
{
    // fuse.h: FATTR_*.
    private const uint Mode = 1, UserId = 2, GroupId = 4, Size = 8, AccessTime = 16, ModifyTime = 32, Handle = 64, AccessNow = 128, ModifyNow = 256;

    private readonly SharedTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Getattr_of_the_root_is_the_shared_directory_s()
    {
        Assert.Equal(0, _tree.Fuse.Getattr(SharedTree.Root, out FuseAttrOut answer));
        HostFile.AssertSame(HostFile.Status(_tree.HostRoot), answer.Attr);
    }

    [Fact]
    public void Getattr_sees_what_the_host_has_changed_since()
    {
        _tree.WriteOnHost("file", "1");
        ulong node = _tree.Find("file").NodeId;
        File.AppendAllText(_tree.Host("file"), "23");
        Syscall.chmod(_tree.Host("file"), NativeConvert.FromOctalPermissionString("0604"));
        Assert.Equal(0, _tree.Fuse.Getattr(node, out FuseAttrOut answer));
        Assert.Equal(3UL, answer.Attr.Size);
        HostFile.AssertSame(_tree.StatOnHost("file"), answer.Attr);
    }

    [Fact]
    public void Getattr_works_through_a_handle()
    {
        _tree.WriteOnHost("file", "content");
        (ulong node, ulong handle) = _tree.Open("file");
        Assert.Equal(0, _tree.Fuse.Getattr(node, out FuseAttrOut answer, handle));
        HostFile.AssertSame(_tree.StatOnHost("file"), answer.Attr);
    }

    [Fact]
    public void Statx_tells_what_getattr_tells_and_the_birth_time()
    {
        long before = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 1;
        _tree.WriteOnHost("file", "content");
        int result = _tree.Fuse.Statx(_tree.Find("file").NodeId, out FuseStatxOut answer);
        Assert.SkipWhen(result == -Errno.ENOSYS && ServingBackEnd.Command is not null, "The other back end has no STATX.");
        Assert.Equal(0, result);
        Stat host = _tree.StatOnHost("file");
        Assert.Equal(host.st_ino, answer.Statx.Inode);
        Assert.Equal((ulong)host.st_size, answer.Statx.Size);
        Assert.Equal(HostFile.Raw(host.st_mode), answer.Statx.Mode);
        Assert.Equal((uint)host.st_nlink, answer.Statx.LinkCount);
        Assert.Equal((host.st_mtime, host.st_mtime_nsec), (answer.Statx.ModifyTime.Seconds, answer.Statx.ModifyTime.Nanoseconds));
        const uint BirthTimeMask = 0x800;
        if ((answer.Statx.Mask & BirthTimeMask) != 0)
        {
            Assert.InRange(answer.Statx.BirthTime.Seconds, before, before + 60);
        }
    }

    [Theory]
    [InlineData("0777")]
    [InlineData("0000")]
    [InlineData("4755")]
    [InlineData("2755")]
    [InlineData("1755")]
    public void Setattr_changes_the_mode(string octal)
    {
        uint mode = Convert.ToUInt32(octal, 8);
        _tree.WriteOnHost("file");
        Assert.Equal(0, Change("file", new FuseSetattrIn { Valid = Mode, Mode = mode }));
        Assert.Equal(mode, HostFile.Permissions(_tree.Host("file")));
    }

    [Fact]
    public void Setattr_changes_a_directory_s_mode_and_times()
    {
        Directory.CreateDirectory(_tree.Host("d"));
        Assert.Equal(0, Change("d", new FuseSetattrIn { Valid = Mode, Mode = 0x1c0 }));
        Assert.Equal(0, Change("d", new FuseSetattrIn { Valid = ModifyTime, ModifySeconds = 1_000_000_000 }));
        Assert.Equal(0x1c0u, HostFile.Permissions(_tree.Host("d")));
        Assert.Equal(1_000_000_000, _tree.StatOnHost("d").st_mtime);
    }

    [Fact]
    public void Setattr_changes_owner_and_group_apart_and_together()
    {
        HostFile.RequireRoot();
        _tree.WriteOnHost("file");
        Assert.Equal(0, Change("file", new FuseSetattrIn { Valid = UserId, UserId = 1234 }));
        Assert.Equal((1234u, 0u), Owner("file"));
        Assert.Equal(0, Change("file", new FuseSetattrIn { Valid = GroupId, GroupId = 77 }));
        Assert.Equal((1234u, 77u), Owner("file"));
        Assert.Equal(0, Change("file", new FuseSetattrIn { Valid = UserId | GroupId, UserId = 5, GroupId = 6 }));
        Assert.Equal((5u, 6u), Owner("file"));
    }

    [Fact]
    public void Setattr_changes_the_owner_of_a_link_itself()
    {
        HostFile.RequireRoot();
        _tree.WriteOnHost("target");
        File.CreateSymbolicLink(_tree.Host("link"), "target");
        Assert.Equal(0, Change("link", new FuseSetattrIn { Valid = UserId, UserId = 1234 }));
        Assert.Equal(1234u, Owner("link").UserId);
        Assert.Equal(0u, Owner("target").UserId);
    }

    [Fact]
    public void Setattr_sets_times_to_the_nanosecond()
    {
        _tree.WriteOnHost("file");
        Assert.Equal(0, Change("file", new FuseSetattrIn
        {
            Valid = AccessTime | ModifyTime,
            AccessSeconds = 1_111_111_111,
            AccessNanoseconds = 123_456_789,
            ModifySeconds = 1_222_222_222,
            ModifyNanoseconds = 987_654_321,
        }));
        Stat host = _tree.StatOnHost("file");
        Assert.Equal((1_111_111_111, 123_456_789), (host.st_atime, host.st_atime_nsec));
        Assert.Equal((1_222_222_222, 987_654_321), (host.st_mtime, host.st_mtime_nsec));
    }

    [Fact]
    public void Setattr_of_one_time_leaves_the_other()
    {
        _tree.WriteOnHost("file");
        Assert.Equal(0, Change("file", new FuseSetattrIn { Valid = AccessTime | ModifyTime, AccessSeconds = 10, ModifySeconds = 20 }));
        Assert.Equal(0, Change("file", new FuseSetattrIn { Valid = ModifyTime, ModifySeconds = 30 }));
        Assert.Equal((10, 30), (_tree.StatOnHost("file").st_atime, _tree.StatOnHost("file").st_mtime));
    }

    [Fact]
    public void Setattr_sets_times_to_now()
    {
        _tree.WriteOnHost("file");
        Assert.Equal(0, Change("file", new FuseSetattrIn { Valid = AccessTime | ModifyTime, AccessSeconds = 10, ModifySeconds = 20 }));
        Assert.Equal(0, Change("file", new FuseSetattrIn { Valid = AccessTime | AccessNow | ModifyTime | ModifyNow }));
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.InRange(_tree.StatOnHost("file").st_atime, now - 60, now + 1);
        Assert.InRange(_tree.StatOnHost("file").st_mtime, now - 60, now + 1);
    }

    [Fact]
    public void Setattr_refuses_times_that_are_none()
    {
        _tree.WriteOnHost("file");
        Assert.Equal(-Errno.EINVAL, Change("file", new FuseSetattrIn { Valid = ModifyTime, ModifyNanoseconds = 1_000_000_000 }));
    }

    [Fact]
    public void Setattr_cuts_and_extends()
    {
        _tree.WriteOnHost("file", "0123456789");
        Assert.Equal(0, Change("file", new FuseSetattrIn { Valid = Size, Size = 4 }));
        Assert.Equal("0123", File.ReadAllText(_tree.Host("file")));
        Assert.Equal(0, Change("file", new FuseSetattrIn { Valid = Size, Size = 6 }));
        Assert.Equal("0123\0\0", File.ReadAllText(_tree.Host("file")));
    }

    [Fact]
    public void Setattr_cuts_through_a_handle_after_the_name_has_gone()
    {
        _tree.WriteOnHost("file", "0123456789");
        (ulong node, ulong handle) = _tree.Open("file");
        File.Delete(_tree.Host("file"));
        Assert.Equal(0, _tree.Fuse.Setattr(node, new FuseSetattrIn { Valid = Size | Handle, Handle = handle, Size = 3 }, out FuseAttrOut answer));
        Assert.Equal(3UL, answer.Attr.Size);
    }

    [Fact]
    public void Setattr_refuses_sizes_that_are_none()
    {
        _tree.WriteOnHost("file");
        Directory.CreateDirectory(_tree.Host("d"));
        Assert.Contains(Change("file", new FuseSetattrIn { Valid = Size, Size = ulong.MaxValue }), (int[])[-Errno.EINVAL, -Errno.EFBIG]);
        Assert.Equal(-Errno.EISDIR, Change("d", new FuseSetattrIn { Valid = Size, Size = 1 }));
    }

    [Fact]
    public void Setattr_of_nothing_is_getattr()
    {
        _tree.WriteOnHost("file");
        Assert.Equal(0, Change("file", default));
    }

    [Fact]
    public void Access_of_a_file_is_answered_or_left_to_the_guest()
    {
        _tree.WriteOnHost("file");
        int result = _tree.Fuse.Access(_tree.Find("file").NodeId, 4);
        Assert.Contains(result, (int[])[0, -Errno.ENOSYS]);
    }

    [Fact]
    public void Statfs_is_the_host_s()
    {
        Assert.Equal(0, _tree.Fuse.Statfs(SharedTree.Root, out FuseStatfsOut answer));
        Assert.Equal(0, Syscall.statvfs(_tree.HostRoot, out Statvfs host));
        Assert.Equal(host.f_blocks, answer.Blocks);
        Assert.Equal(host.f_files, answer.Files);
        Assert.Equal((uint)host.f_bsize, answer.BlockSize);
        Assert.Equal((uint)host.f_frsize, answer.FragmentSize);
        Assert.Equal((uint)host.f_namemax, answer.NameLength);
        Assert.True(answer.BlocksFree >= answer.BlocksAvailable);
    }

    /// <summary>Changes, and checks that the answer is what the host then says.</summary>
    private int Change(string path, in FuseSetattrIn change)
    {
        int result = _tree.Fuse.Setattr(_tree.Find(path).NodeId, change, out FuseAttrOut answer);
        if (result == 0)
        {
            HostFile.AssertSame(_tree.StatOnHost(path), answer.Attr);
        }

        return result;
    }

    private (uint UserId, uint GroupId) Owner(string path) => (_tree.StatOnHost(path).st_uid, _tree.StatOnHost(path).st_gid);
}
