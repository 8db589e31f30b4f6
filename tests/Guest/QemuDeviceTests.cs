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
}
