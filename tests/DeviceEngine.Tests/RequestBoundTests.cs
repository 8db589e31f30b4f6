using System.Diagnostics;
using VirtioFs.DeviceEngine.Quotas;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>How many requests and threads a guest can make the host hold, and what it gets beyond.</summary>
public sealed class RequestBoundTests
{
    private static readonly GuestOptions s_manyQueues = new() { RequestQueues = 6, MemoryBytes = 128 << 20 };

    [Fact]
    public void A_chain_that_is_offered_before_it_came_back_stops_the_ring()
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { RequestQueues = 2 });
        GuestQueue ring = guest.Queues[1];
        FuseRequest waiting = Submit(guest.Fuse, FuseOpcode.Opendir);
        guest.Fuse.Kick();
        Eventually.Holds(() => files.Refusals >= 2, () => "It does not wait.");
        ring.Publish(ring.AvailableEntry(ring.AvailableIndex - 1));
        ring.KickAlways();
        share.WaitForTrouble("which it has not got back");
        Assert.Equal(0, guest.Clients[2].Getattr(1, out FuseAttrOut _));
        guest.Reboot();
        guest.Mount();
        files.Unlock(tell: true);
        for (int i = 0; i < 2 * ring.Size; i++)
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }
    }

    [Fact]
    public void A_flood_of_requests_that_block_is_taken_no_further_than_to_the_bound_and_answered_wholly()
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, s_manyQueues);
        List<(FuseClient Client, FuseRequest Request)> flood = Flood(guest, FuseOpcode.Open);
        Assert.True(flood.Count > 2 * RequestQuotas.MostDeferred);
        Eventually.Holds(
            () => share.Share.GetStatistics().DeferredRequests == RequestQuotas.MostDeferred,
            () => $"{share.Share.GetStatistics().DeferredRequests} were deferred.");
        Thread.Sleep(100);
        Assert.Equal(RequestQuotas.MostDeferred, share.Share.GetStatistics().DeferredRequests);
        Assert.True(files.Inside <= share.Share.Options.BlockingThreads + (2 * RequestQuotas.MostStandIns) + guest.Queues.Count);
        files.BlockingGate.Set();
        Assert.All(flood, asked => Assert.Equal(-Errno.ENOENT, asked.Client.WaitFor(asked.Request)));
    }

    [Fact]
    public void Of_a_flood_of_requests_that_wait_those_beyond_the_bound_are_told_so()
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, s_manyQueues);
        List<(FuseClient Client, FuseRequest Request)> flood = Flood(guest, FuseOpcode.Opendir);
        Eventually.Holds(
            () => files.Waiting.Count == RequestQuotas.MostWaiting && share.Share.GetStatistics().Requests >= flood.Count - RequestQuotas.MostWaiting,
            () => $"{files.Waiting.Count} wait, {share.Share.GetStatistics().Requests} were answered.");
        Assert.Equal(0, guest.HighPriority.Getattr(1, out FuseAttrOut _));
        files.Unlock(tell: true);
        int refused = flood.Count(asked => asked.Client.WaitFor(asked.Request) == -Errno.ENOLCK);
        Assert.Equal(flood.Count - RequestQuotas.MostWaiting, refused);
        Assert.Empty(files.Waiting);
    }

    [Fact]
    public void Who_waits_for_what_the_share_itself_gives_up_is_not_looked_after_meanwhile()
    {
        const int AtMostFirst = 3;
        GatedFileSystem files = new() { TellsRelease = true };
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, s_manyQueues);
        List<(FuseClient Client, FuseRequest Request)> flood = Flood(guest, FuseOpcode.Opendir);
        Eventually.Holds(
            () => share.Share.GetStatistics().Requests >= flood.Count - RequestQuotas.MostWaiting && files.Waiting.Count == RequestQuotas.MostWaiting,
            () => $"{files.Waiting.Count} wait.");
        Thread.Sleep(50);
        int before = files.Refusals;
        Assert.InRange(before, RequestQuotas.MostWaiting, AtMostFirst * flood.Count);
        Thread.Sleep(500);
        Assert.Equal(before, files.Refusals);
        files.Unlock(tell: true);
        Assert.Equal(RequestQuotas.MostWaiting, flood.Count(asked => asked.Client.WaitFor(asked.Request) == -Errno.ENOENT));
    }

    [Fact]
    public void However_many_wait_for_the_host_few_are_tried_again_at_a_time_and_each_comes_to_its_turn()
    {
        const int PerSecond = 8 * 1000 / 5;
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, s_manyQueues);
        List<(FuseClient Client, FuseRequest Request)> flood = Flood(guest, FuseOpcode.Opendir);
        Eventually.Holds(
            () => share.Share.GetStatistics().Requests >= flood.Count - RequestQuotas.MostWaiting && files.Waiting.Count == RequestQuotas.MostWaiting,
            () => $"{files.Waiting.Count} wait.");
        Thread.Sleep(50);
        long start = Stopwatch.GetTimestamp();
        int before = files.Refusals;
        Thread.Sleep(500);
        int tried = files.Refusals - before;
        Assert.InRange(tried, 1, PerSecond * (Stopwatch.GetElapsedTime(start).TotalSeconds + 0.1));
        files.Unlock(tell: false);
        Assert.Equal(RequestQuotas.MostWaiting, flood.Count(asked => asked.Client.WaitFor(asked.Request) == -Errno.ENOENT));
    }

    [Fact]
    public void Shares_at_their_bounds_leave_others_their_reserve()
    {
        Quota process = new(10);
        Quota first = new(8, 2, process);
        Quota second = new(8, 2, process);
        Quota third = new(8, 2, process);
        Assert.True(first.TryTake(8));
        Assert.False(first.TryTake());
        Assert.True(second.TryTake(6));
        Assert.False(second.TryTake());
        Assert.Equal(10, process.Used);
        Assert.True(third.TryTake(2));
        Assert.False(third.TryTake());
        first.GiveBack(3);
        Assert.Equal(7, process.Used);
        Assert.True(third.TryTake(3));
        first.GiveBack(5);
        second.GiveBack(6);
        third.GiveBack(5);
        Assert.Equal((0, 0, 0, 0), (process.Used, first.Used, second.Used, third.Used));
    }

    private static List<(FuseClient Client, FuseRequest Request)> Flood(VirtioFsGuest guest, FuseOpcode opcode)
    {
        List<(FuseClient Client, FuseRequest Request)> flood = [];
        foreach (FuseClient client in guest.Clients.Skip(1))
        {
            for (int i = 0; i < client.Queue.Size; i++)
            {
                flood.Add((client, Submit(client, opcode)));
            }

            client.Kick();
        }

        return flood;
    }

    private static FuseRequest Submit(FuseClient fuse, FuseOpcode opcode)
    {
        FuseRequest request = fuse.CreateRequest(argumentBytes: 64);
        fuse.Submit(request.Begin(opcode, 2).Append(default(FuseOpenIn)).Expect<FuseOpenOut>());
        return request;
    }

    // A worker that polls would take a request before the test has put the next one behind it.
    private static ShareOptions Sleepy(ShareOptions options) => options with { PollMicroseconds = 0 };
}
