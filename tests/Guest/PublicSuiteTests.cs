using System.Globalization;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>File-system load generators that others wrote and distributions package, each with its own verification.</summary>
public sealed class PublicSuiteTests
{
    // stress-ng's class "filesystem" without those that test other things than the file system they run on (binderfs, eventfd,
    // procfs, ...), that need the device below (bind-mount, ioprio), and lockf: its parent holds locks while it waits for the
    // end of a child that waits for them, and no guest can end a child that waits for a lock (docs/behaviour.md, "Locks").
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
        _kernel.SkipTestUnlessAvailable("stress-ng");
        using TestFolder folder = new();
        string more = Exercise.IsMappable(policy) ? "mmap mmapfork msync remap" : "";
        GuestResult result = await Exercise.RunAsync(_kernel, folder, policy, string.Create(CultureInfo.InvariantCulture, $"""
            failed=
            seconds=$(({Exercise.Seconds} / 5))
            for stressor in {Stressors} {more}; do
              status=0
              timeout -s KILL $((seconds + 60)) stress-ng --temp-path . --$stressor 2 --timeout $seconds --verify --no-rand-seed >report 2>&1 || status=$?
              # 3: not enough resources, 4: not there in this kernel.
              case $status in
                0 | 3 | 4) echo "$stressor $status" ;;
                *) cat report; echo "$stressor ended with $status"; failed=1 ;;
              esac
            done
            rm -f report
            ls -A
            [ -z "$failed" ]
            """));
        Assert.Contains("access 0", result.Output, StringComparison.Ordinal);
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
