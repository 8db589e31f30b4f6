using System.Diagnostics;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>Shares of this very process, as the cmdlets have them, with real guests on the other end.</summary>
[Collection(nameof(ShareLifetimeTests))]
public sealed class ShareLifetimeTests
{
    // Its first line tells the test that requests are on their way; it never ends by itself.
    private const string WriteForever = """
        busybox dd if=/dev/zero of=file bs=1M count=4 2>/dev/null
        echo writing
        while :; do
          busybox dd if=/dev/zero of=file bs=64k count=256 conv=fsync 2>/dev/null
        done
        """;

    [Fact]
    public async Task Three_shares_in_one_process_serve_three_guests_at_once()
    {
        GuestKernel[] kernels = [new QemuGuest(), new UserModeLinux(), new UserModeLinux()];
        foreach (GuestKernel kernel in kernels)
        {
            kernel.SkipTestUnlessAvailable("perl");
        }

        using TestFolder folder = new();
        List<RunningGuest> guests = [];
        List<Share> shares = [];
        try
        {
            for (int i = 0; i < kernels.Length; i++)
            {
                string tag = $"three{i}";
                shares.Add(StartShare(folder, tag));
                guests.Add(await kernels[i].StartAsync(folder, new GuestOptions
                {
                    Name = tag,
                    Shares = [new GuestShare(tag, folder.Socket(tag))],
                    Script = """perl "$WORKLOADS/tree.pl" make tree""",
                }));
            }

            foreach (RunningGuest guest in guests)
            {
                (await guest.WaitForEndAsync()).ShouldSucceed();
            }

            Assert.All(shares, share =>
                Assert.Equal(10_000, Directory.GetFiles(Path.Combine(share.Options.Path, "tree"), "*", SearchOption.AllDirectories).Length));
        }
        finally
        {
            foreach (RunningGuest guest in guests)
            {
                await guest.DisposeAsync();
            }

            shares.ForEach(share => share.Dispose());
        }
    }

    [Fact]
    public Task Stopping_a_share_while_a_QEMU_guest_writes_ends_within_a_second_and_leaves_nothing() => StopWhileWriting(new QemuGuest());

    [Fact]
    public Task Stopping_a_share_while_a_User_Mode_Linux_writes_ends_within_a_second_and_leaves_nothing() => StopWhileWriting(new UserModeLinux());

    [Fact]
    public async Task The_executable_stops_at_a_signal_within_a_second_while_its_guest_writes()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable();
        using TestFolder folder = new();
        await using Backend backend = await Backend.StartAsync(folder, folder.MakeShared());
        await using RunningGuest guest = await kernel.StartAsync(folder, new GuestOptions { Shares = [backend.Share], Script = WriteForever });
        await guest.WaitForOutputAsync("writing");

        Stopwatch clock = Stopwatch.StartNew();
        int status = await backend.StopAsync();
        TimeSpan elapsed = clock.Elapsed;

        Assert.Equal(0, status);
        Assert.InRange(elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.False(File.Exists(backend.Share.Socket), "The socket's file is still there.");
    }

    private static async Task StopWhileWriting(GuestKernel kernel)
    {
        kernel.SkipTestUnlessAvailable();
        using TestFolder folder = new();
        const string tag = "stopped";
        string socket = folder.Socket(tag);
        string[] mappingsBefore = SharedMappings();
        int descriptorsBefore = DeviceDescriptors();
        using Share share = StartShare(folder, tag);
        await using RunningGuest guest = await kernel.StartAsync(folder, new GuestOptions
        {
            Shares = [new GuestShare(tag, socket)],
            Script = WriteForever,
        });
        await guest.WaitForOutputAsync("writing");
        Assert.Equal(ShareState.Connected, share.State);
        Assert.NotEqual(mappingsBefore, SharedMappings());
        Assert.NotEmpty(ThreadsOf(share));

        Stopwatch clock = Stopwatch.StartNew();
        share.Stop();
        TimeSpan elapsed = clock.Elapsed;

        Assert.InRange(elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal(ShareState.Stopped, share.State);
        Assert.False(File.Exists(socket), "The socket's file is still there.");
        Assert.DoesNotContain(Descriptors(), target => target.StartsWith(share.Options.Path, StringComparison.Ordinal));
        Assert.Equal(descriptorsBefore, DeviceDescriptors());
        Assert.Equal(mappingsBefore, SharedMappings());
        // A joined thread is gone for the runtime, and a moment later for the kernel.
        SpinWait.SpinUntil(() => !ThreadsOf(share).Any(), TimeSpan.FromSeconds(1));
        Assert.Empty(ThreadsOf(share));
    }

    private static Share StartShare(TestFolder folder, string tag) =>
        Share.Start(new ShareOptions { Path = folder.MakeShared(tag), Tag = tag, SocketPath = folder.Socket(tag) });

    private static IEnumerable<string> Descriptors() =>
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(entry => new FileInfo(entry).LinkTarget ?? "");

    // What a device holds besides files: kicks and calls, its sockets, and the guest's memory.
    private static int DeviceDescriptors() =>
        Descriptors().Count(target => target.StartsWith("socket:", StringComparison.Ordinal)
            || target.Contains("[eventfd]", StringComparison.Ordinal)
            || (target.EndsWith("(deleted)", StringComparison.Ordinal) && !target.Contains("doublemapper", StringComparison.Ordinal)));

    private static IEnumerable<string> ThreadsOf(Share share) =>
        Directory.EnumerateDirectories("/proc/self/task")
            .Select(NameOfThread)
            .Where(name => name.StartsWith($"vfs{share.Id}-", StringComparison.Ordinal));

    private static string NameOfThread(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "comm"));
        }
        catch (IOException)
        {
            return ""; // It ended meanwhile.
        }
    }

    // Guest memory is mapped shared and writable, from files that have no name any more; so is the runtime's own code memory.
    private static string[] SharedMappings() =>
        [.. File.ReadLines("/proc/self/maps").Where(line =>
            line.Contains(" rw-s ", StringComparison.Ordinal)
            && line.EndsWith("(deleted)", StringComparison.Ordinal)
            && !line.Contains("doublemapper", StringComparison.Ordinal))];
}
