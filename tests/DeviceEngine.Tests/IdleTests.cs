using System.Globalization;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>A share that has nothing to do does nothing.</summary>
public sealed class IdleTests
{
    [Fact]
    public void An_idle_share_makes_no_wake_ups()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { RequestQueues = 2 });
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        string prefix = $"vfs{share.Share.Id}-";
        Eventually.Holds(() => CountSwitchesDuring(prefix, milliseconds: 150) == 0, () => "The workers do not come to rest.");
        Assert.Equal(0, CountSwitchesDuring(prefix, milliseconds: 500));
    }

    [Fact]
    public void Polling_can_be_switched_off()
    {
        using TemporaryShare share = new(options => options with { PollMicroseconds = 0 });
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        ShareStatistics counted = share.Share.GetStatistics();
        Assert.Equal(0, counted.Polls);
        Assert.True(counted.Kicks > 0);
        Assert.Equal(1000, share.Share.CountOperations().Answered(Fuse.Wire.FuseOpcode.GetAttributes));
    }

    private static long CountSwitchesDuring(string prefix, int milliseconds)
    {
        long before = CountSwitches(prefix);
        Thread.Sleep(milliseconds);
        return CountSwitches(prefix) - before;
    }

    // The watch over all shares' calls belongs to no single one. Each wake-up ends with a voluntary switch back to sleep (/proc/PID/task/TID/status).
    private static long CountSwitches(string prefix)
    {
        long total = 0;
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            string[] lines = ReadStatus(task);
            if (lines[0].Contains(prefix, StringComparison.Ordinal) || lines[0].EndsWith("vfs-watch", StringComparison.Ordinal))
            {
                string count = lines.Single(line => line.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal)).Split('\t')[1];
                total += long.Parse(count, CultureInfo.InvariantCulture);
            }
        }

        return total;
    }

    private static string[] ReadStatus(string task)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(task, "status"));
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return [""];
        }
    }
}
