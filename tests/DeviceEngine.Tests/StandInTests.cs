using System.Diagnostics;
using VirtioFs.DeviceEngine.Quotas;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Host calls that do not come back, whatever they are, hold up nobody but who asked for them.</summary>
public sealed class StandInTests
{
    private const ulong Dead = 2, Slow = 3;

    [Fact]
    public void A_call_that_does_not_come_back_holds_up_no_other_of_its_queue()
    {
        GatedFileSystem files = new() { IsDead = true };
        using TemporaryShare share = new(fileSystem: files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest dead = Submit(guest.Fuse, Dead);
        guest.Fuse.Kick();
        List<double> milliseconds = [];
        for (int i = 0; i < 500; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
            milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        milliseconds.Sort();
        TestContext.Current.SendDiagnosticMessage($"GETATTR beside a dead call: {milliseconds[250]:0.000} ms, p99 {milliseconds[495]:0.000} ms");
        Assert.True(milliseconds[450] < 10, $"One in ten took {milliseconds[450]:0.0} ms.");
        Assert.Equal(1, files.Inside);
        Assert.Equal(0, dead.ReplyLength);
        files.BlockingGate.Set();
        Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(dead));
        Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
    }

    [Fact]
    public void What_was_finished_before_a_dead_call_is_given_back()
    {
        GatedFileSystem files = new() { IsDead = true };
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest quick = SubmitQuick(guest.Fuse);
        FuseRequest dead = Submit(guest.Fuse, Dead);
        FuseRequest behind = SubmitQuick(guest.Fuse);
        guest.Fuse.Kick();
        Assert.Equal(0, guest.Fuse.WaitFor(quick));
        Assert.Equal(0, guest.Fuse.WaitFor(behind));
        files.BlockingGate.Set();
        Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(dead));
    }

    [Fact]
    public void At_the_bound_of_stand_ins_a_queue_waits_and_other_shares_do_not()
    {
        ProcessTally before = ProcessTally.Take();
        GatedFileSystem files = new() { IsDead = true };
        TemporaryShare share = new(fileSystem: files);
        using (TemporaryShare other = new())
        {
            using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
            using VirtioFsGuest neighbour = VirtioFsGuest.ConnectAndMount(other.Socket);
            FuseRequest[] dead = [.. Enumerable.Range(0, 100).Select(_ => Submit(guest.Fuse, Dead))];
            guest.Fuse.Kick();
            Eventually.Holds(() => files.Inside == RequestQuotas.MostStandIns + 1, () => $"{files.Inside} are inside.");
            Assert.Equal(0, neighbour.Fuse.Getattr(1, out FuseAttrOut _));
            Assert.Equal(0, guest.HighPriority.Getattr(1, out FuseAttrOut _));
            Thread.Sleep(100);
            Assert.Equal(RequestQuotas.MostStandIns + 1, files.Inside);
            files.BlockingGate.Set();
            Assert.All(dead, request => Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(request)));
            share.Dispose();
        }

        before.IsReachedAgain();
    }

    [Fact]
    public void A_call_that_says_late_that_it_would_block_is_finished_all_the_same()
    {
        GatedFileSystem files = new() { IsDead = true, IsDeadFirst = true };
        using TemporaryShare share = new(fileSystem: files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest[] dead = [.. Enumerable.Range(0, 10).Select(_ => Submit(guest.Fuse, Dead))];
        guest.Fuse.Kick();
        Eventually.Holds(() => files.Inside == dead.Length, () => $"{files.Inside} are inside.");
        files.BlockingGate.Set();
        Assert.All(dead, request => Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(request)));
    }

    [Fact]
    public void Memory_can_be_added_and_taken_while_a_call_is_dead()
    {
        GatedFileSystem files = new() { IsDead = true };
        using TemporaryShare share = new(fileSystem: files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest dead = Submit(guest.Fuse, Dead);
        guest.Fuse.Kick();
        Eventually.Holds(() => files.Inside == 1, () => "The request is not inside.");
        for (int i = 0; i < 10; i++)
        {
            GuestRegion region = guest.Memory.Regions[0];
            guest.Connection.RemoveMemoryRegion(region.Description);
            guest.Connection.AddMemoryRegion(region.Description, region.Descriptor);
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        files.BlockingGate.Set();
        Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(dead));
    }

    [Fact]
    public void A_thread_for_requests_that_block_is_replaced_when_it_hangs()
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(options => options with { BlockingThreads = 1 }, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest[] dead = [.. Enumerable.Range(0, 3).Select(_ => Submit(guest.Fuse, Dead))];
        FuseRequest slow = Submit(guest.Fuse, Slow);
        guest.Fuse.Kick();
        Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(slow));
        Assert.Equal(3, files.Inside);
        files.BlockingGate.Set();
        Assert.All(dead, request => Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(request)));
        Eventually.Holds(() => ThreadsNamed($"vfs{share.Share.Id}-block") == 1, () => "Threads are left that are too many.");
    }

    [Fact]
    public void A_call_that_fails_after_its_thread_was_left_behind_faults_its_share_which_stops()
    {
        ProcessTally before = ProcessTally.Take();
        GatedFileSystem files = new() { IsDead = true, ThrowsAtLast = true };
        using (TemporaryShare share = new(fileSystem: files))
        {
            using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
            _ = Submit(guest.Fuse, Dead);
            guest.Fuse.Kick();
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
            files.BlockingGate.Set();
            share.WaitFor(ShareState.Faulted);
        }

        before.IsReachedAgain();
    }

    [Fact]
    public void Stand_ins_end_when_they_have_nothing_to_do()
    {
        GatedFileSystem files = new() { IsDead = true };
        using TemporaryShare share = new(fileSystem: files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest[] dead = [.. Enumerable.Range(0, 8).Select(_ => Submit(guest.Fuse, Dead))];
        guest.Fuse.Kick();
        Eventually.Holds(() => files.Inside == dead.Length, () => $"{files.Inside} are inside.");
        files.BlockingGate.Set();
        Assert.All(dead, request => Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(request)));
        int rings = guest.Queues.Count;
        Eventually.Holds(
            () => ThreadsNamed($"vfs{share.Share.Id}-standin") + ThreadsNamed($"vfs{share.Share.Id}-q1") + ThreadsNamed($"vfs{share.Share.Id}-q0") == rings,
            () => "There are more threads than rings.");
        Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
    }

    private static FuseRequest Submit(FuseClient fuse, ulong node)
    {
        FuseRequest request = fuse.CreateRequest();
        fuse.Submit(request.Begin(FuseOpcode.Open, node).Append(default(FuseOpenIn)).Expect<FuseOpenOut>());
        return request;
    }

    private static FuseRequest SubmitQuick(FuseClient fuse)
    {
        FuseRequest request = fuse.CreateRequest();
        fuse.Submit(request.Begin(FuseOpcode.Getattr, 1).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>());
        return request;
    }

    // A worker that polls would take a request before the test has put the next one behind it.
    private static ShareOptions Sleepy(ShareOptions options) => options with { PollMicroseconds = 0 };

    private static int ThreadsNamed(string name) => ProcessTally.CountThreads(name);
}
