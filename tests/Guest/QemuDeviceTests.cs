using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>What depends on the device rather than on files.</summary>
public sealed class QemuDeviceTests
{
    private readonly QemuGuest _kernel = new();

    [Fact]
    public async Task Two_request_queues_serve_one_guest()
    {
        _kernel.SkipTestUnlessAvailable("perl");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        await using Backend backend = await Backend.StartAsync(folder, shared);

        GuestResult result = (await _kernel.RunAsync(folder, new GuestOptions
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
}
