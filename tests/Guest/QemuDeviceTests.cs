using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>What depends on the device rather than on files.</summary>
public sealed class QemuDeviceTests
{
    [Fact]
    public async Task Two_request_queues_serve_one_guest()
    {
        QemuGuest kernel = new();
        kernel.SkipTestUnlessAvailable("perl");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        await using Backend backend = await Backend.StartAsync(folder, shared);

        GuestResult result = (await kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [backend.Share with { RequestQueues = 2 }],
            Script = """
                echo "queues: $(grep -c 'virtio.*requests' /proc/interrupts)"
                perl "$WORKLOADS/tree.pl" make tree
                """,
        })).ShouldSucceed();

        Assert.Contains("queues: 2\n", result.Output, StringComparison.Ordinal);
        Assert.Equal(10_000, Directory.GetFiles(Path.Combine(shared, "tree"), "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public async Task A_new_kernel_spreads_its_requests_over_two_queues()
    {
        // Linux chooses the queue by processor since 6.11.
        QemuGuest kernel = new(suite: "sid");
        kernel.SkipTestUnlessAvailable("perl");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        await using Backend backend = await Backend.StartAsync(folder, shared);

        GuestResult result = (await kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [backend.Share with { RequestQueues = 2 }],
            Processors = 2,
            Script = """
                taskset 1 perl "$WORKLOADS/tree.pl" make first &
                taskset 2 perl "$WORKLOADS/tree.pl" make second
                wait
                awk '/virtio.*requests/ { print ($2 + $3 > 1000 ? "a busy queue" : "an idle queue") }' /proc/interrupts
                """,
        })).ShouldSucceed();

        Assert.EndsWith("a busy queue\na busy queue\n", result.Output, StringComparison.Ordinal);
        Assert.Equal(20_000, Directory.GetFiles(shared, "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public async Task A_machine_that_is_paused_goes_on_waiting_for_its_locks_afterwards()
    {
        QemuGuest kernel = new();
        kernel.SkipTestUnlessAvailable("perl");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        await using Backend backend = await Backend.StartAsync(folder, shared);
        // .NET's own lock of the whole file is a flock(2), the one of a range an fcntl(2).
        using FileStream whole = new(Path.Combine(shared, "whole"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        using FileStream range = new(Path.Combine(shared, "range"), FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite);
#pragma warning disable CA1416 // Not on macOS; this is Linux.
        range.Lock(0, 1);
#pragma warning restore CA1416
        string monitorSocket = folder.Socket("monitor");
        await using RunningGuest guest = await kernel.StartAsync(folder, new GuestOptions
        {
            Shares = [backend.Share],
            Monitor = monitorSocket,
            Script = """
                perl -e 'use Fcntl ":flock"; open F, "<", "whole" or die; print flock(F, LOCK_EX) ? "flock: taken\n" : "flock: $!\n"' &
                whole=$!
                perl -e 'use Fcntl; open F, "+<", "range" or die; my $whole = pack "s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0;
                  print fcntl(F, F_SETLKW, $whole) ? "fcntl: taken\n" : "fcntl: $!\n"' &
                # The numbers of flock and fcntl on x86-64 (unistd_64.h).
                until grep -q '^73 ' /proc/$whole/syscall && grep -q '^72 ' /proc/$!/syscall; do sleep 0.1; done
                echo waiting
                wait
                """,
        });
        await guest.WaitForOutputAsync("waiting\n");
        using QemuMonitor monitor = await QemuMonitor.ConnectAsync(monitorSocket);
        for (int i = 0; i < 3; i++)
        {
            await monitor.PauseAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken);
            await monitor.ContinueAsync();
        }

        await monitor.PauseAsync();
        whole.Dispose();
        await monitor.ContinueAsync();
        await guest.WaitForOutputAsync("flock: ");
        range.Dispose();
        GuestResult result = (await guest.WaitForEndAsync()).ShouldSucceed();
        Assert.Equal("waiting\nflock: taken\nfcntl: taken\n", result.Output);
    }
}
