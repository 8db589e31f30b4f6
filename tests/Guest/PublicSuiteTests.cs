using System.Globalization;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>File-system load generators that others wrote and distributions package, each with its own verification.</summary>
public sealed class PublicSuiteTests
{
    // stress-ng's class "filesystem" without those that test other things than the file system they run on (binderfs, eventfd,
    // procfs, ...), that need the device below (bind-mount, ioprio), and lockf: its parent holds locks while it waits for the
    // end of a child that waits for them, and no guest can end a child that waits for a lock of the host's (docs/behaviour.md, "Locks").
    private const string Stressors =
        "access chattr chdir chmod chown copy-file dentry dir dirdeep dirmany dnotify dup fallocate fcntl file-ioctl filename flock fpunch fsize fstat "
        + "getdent handle hdd inode-flags inotify io iomix lease link locka lockofd mknod open rename symlink sync-file touch utime verity xattr "
        + "seek readahead aio sendfile splice revio";

    private readonly UserModeLinux _kernel = new();

    public static TheoryData<string> Policies => Exercise.Policies;

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Each_file_system_stressor_of_stress_ng_verifies(string policy)
    {
        _kernel.SkipTestUnlessAvailable("stress-ng", "chattr");
        using TestFolder folder = new();
        IEnumerable<string> stressors = (Stressors + (Exercise.IsMappable(policy) ? " mmap mmapfork msync remap" : "")).Split(' ').Select(name => $"--{name} 1");
        GuestResult result = await Exercise.RunAsync(_kernel, folder, policy, string.Create(CultureInfo.InvariantCulture, $"""
            status=0
            stress-ng --temp-path . --timeout {Exercise.Seconds} --verify --no-rand-seed {string.Join(' ', stressors)} 2>&1 || status=$?
            # What is ended in the middle leaves files that nobody may delete.
            chattr -R -ia . 2>/dev/null || true
            exit $status
            """));
        Assert.Contains("successful run completed", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_stressor_that_kills_who_waits_for_a_lock_verifies_where_the_guest_keeps_its_locks()
    {
        _kernel.SkipTestUnlessAvailable("stress-ng");
        using TestFolder folder = new();
        GuestResult result = await Exercise.RunAsync(
            _kernel, folder, new PassthroughOptions { PosixLocks = LockScope.Guest }, "stress-ng --temp-path . --timeout 2 --verify --lockf 2 2>&1");
        Assert.Contains("successful run completed", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task The_load_of_dbench_runs_without_an_error(string policy)
    {
        _kernel.SkipTestUnlessAvailable("dbench");
        using TestFolder folder = new();
        GuestResult result = await Exercise.RunAsync(
            _kernel, folder, policy, string.Create(CultureInfo.InvariantCulture, $"dbench -D . -t {Exercise.Seconds} -c /usr/share/dbench/client.txt 4"));
        Assert.Contains("Throughput", result.Output, StringComparison.Ordinal);
    }
}
