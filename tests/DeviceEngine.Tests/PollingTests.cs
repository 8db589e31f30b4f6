using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>A worker watches a dry ring only where that finds something.</summary>
public sealed class PollingTests
{
    private const int Requests = 4000;

    [Fact]
    public void A_guest_that_cannot_run_while_it_is_watched_is_soon_not_watched_any_more()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        guest.SetCompletionWait(CompletionWait.Poll);
        for (int i = 0; i < Requests; i++)
        {
            // As if worker and guest had one processor between them: the guest goes on when the worker is about to sleep.
            WaitUntilKicksAreWanted(guest.Fuse.Queue);
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        ShareStatistics statistics = share.Share.GetStatistics();
        Assert.InRange(statistics.Polls, 0, Requests / 4);
    }

    private static void WaitUntilKicksAreWanted(GuestQueue queue) =>
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref queue.AvailableEvent) == queue.AvailableIndex, TimeSpan.FromSeconds(10)));
}
