using Mono.Unix.Native;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Sharing;

/// <summary>What the host's own system calls say: the oracle.</summary>
internal static class HostFile
{
    /// <summary><c>lstat(2)</c>.</summary>
    public static Stat Status(string path)
    {
        Assert.True(Syscall.lstat(path, out Stat status) == 0, $"The host has no '{path}'.");
        return status;
    }

    /// <summary>Whether the name exists, be it a link to nowhere.</summary>
    public static bool Exists(string path) => Syscall.lstat(path, out _) == 0;

    /// <summary>The permission bits, set-id bits and sticky bit.</summary>
    public static uint Permissions(string path) => Raw(Status(path).st_mode) & 0xFFF;

    /// <summary>The flags' number on this machine.</summary>
    public static uint Raw(OpenFlags flags) => (uint)NativeConvert.FromOpenFlags(flags);

    /// <summary>The mode's number on this machine.</summary>
    public static uint Raw(FilePermissions mode) => NativeConvert.FromFilePermissions(mode);

    /// <summary>A call's result as FUSE would have it: zero or more, or a negated error number.</summary>
    public static int Result(long result) => result >= 0 ? (int)result : -NativeConvert.FromErrno(Stdlib.GetLastError());

    /// <summary>Asserts that the guest is told what the host says.</summary>
    public static void AssertSame(Stat host, in FuseAttr guest)
    {
        Assert.Equal(host.st_ino, guest.Inode);
        Assert.Equal((ulong)host.st_size, guest.Size);
        Assert.Equal((ulong)host.st_blocks, guest.Blocks);
        Assert.Equal(Raw(host.st_mode), guest.Mode);
        Assert.Equal((uint)host.st_nlink, guest.LinkCount);
        Assert.Equal(host.st_uid, guest.UserId);
        Assert.Equal(host.st_gid, guest.GroupId);
        Assert.Equal((uint)host.st_blksize, guest.BlockSize);
        Assert.Equal((host.st_atime, host.st_atime_nsec), ((long)guest.AccessSeconds, guest.AccessNanoseconds));
        Assert.Equal((host.st_mtime, host.st_mtime_nsec), ((long)guest.ModifySeconds, guest.ModifyNanoseconds));
        Assert.Equal((host.st_ctime, host.st_ctime_nsec), ((long)guest.ChangeSeconds, guest.ChangeNanoseconds));
    }

    /// <summary>Skips the test unless it runs as root.</summary>
    public static void RequireRoot() => Assert.SkipUnless(Syscall.geteuid() == 0, "Needs root: it changes owners or makes devices.");
}
