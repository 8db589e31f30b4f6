using System.Diagnostics;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Requests that block or wait, and what they must not hold up.</summary>
public sealed class SlowFileSystemTests
{
    [Fact]
    public void Requests_that_block_do_not_hold_up_the_others_of_their_queue()
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        List<FuseRequest> blocked = [];
        for (int i = 0; i < 20; i++)
        {
            blocked.Add(Submit(guest.Fuse, FuseOpcode.Open, 2));
        }

        // In one batch with the blocked ones, so that each of them has somebody behind it.
        FuseRequest quick = SubmitQuick(guest.Fuse);
        guest.Fuse.Kick();
        Assert.Equal(0, guest.Fuse.WaitFor(quick));
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        Assert.All(blocked, request => Assert.Equal(0, request.ReplyLength));
        files.BlockingGate.Set();
        Assert.All(blocked, request => Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(request)));
        Assert.Equal(20, share.Share.GetStatistics().DeferredRequests);
        Assert.True(ThreadsNamed($"vfs{share.Share.Id}-block") <= share.Share.Options.BlockingThreads);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Requests_that_wait_hold_up_nothing_and_get_their_turn(bool tell)
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        files.BlockingGate.Set();
        List<FuseRequest> waiting = [];
        for (int i = 0; i < 100; i++)
        {
            waiting.Add(Submit(guest.Fuse, FuseOpcode.Opendir, 1));
        }

        guest.Fuse.Kick();
        Eventually.Holds(() => files.Refusals >= 100, () => $"{files.Refusals} wait.");
        Assert.Equal(-Errno.ENOENT, guest.Fuse.Open(2, 0, out FuseOpenOut _));
        Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        Assert.True(ThreadsNamed($"vfs{share.Share.Id}-block") <= share.Share.Options.BlockingThreads);
        files.Unlock(tell);
        Assert.All(waiting, request => Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(request)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_waits_for_a_lock_waits_on_while_its_ring_is_stopped_and_gets_it_afterwards(bool isFreeBefore)
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest waiting = SubmitWaiting(guest, files);
        for (int pause = 0; pause < 3; pause++)
        {
            Assert.Equal(guest.Queues[1].AvailableIndex, guest.Stop()[1]);
            int asked = files.Refusals;
            if (isFreeBefore)
            {
                files.Unlock(tell: true);
            }

            Thread.Sleep(TimeSpan.FromMilliseconds(300));
            Assert.Equal(asked, files.Refusals);
            Assert.False(guest.Queues[1].HasUsed, "A stopped ring was used.");
            guest.Start();
            if (isFreeBefore)
            {
                break;
            }

            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
            Eventually.Holds(() => files.Refusals > asked, () => "Nobody waits any more.");
        }

        files.Unlock(tell: true);
        Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(waiting));
    }

    [Fact]
    public void What_waited_when_a_guest_boots_anew_is_forgotten()
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        _ = SubmitWaiting(guest, files);
        guest.Reboot();
        files.Unlock(tell: true);
        guest.Mount();
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        Assert.False(guest.Queues[1].HasUsed, "A request of the last session was answered.");
    }

    [Fact]
    public void A_ring_that_is_stopped_while_memory_is_logged_interrupts_what_waits_for_a_lock()
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest waiting = SubmitWaiting(guest, files);
        StartLog(guest);
        Assert.Equal(guest.Queues[1].AvailableIndex, guest.Connection.GetVringBase(1));
        Assert.Equal(-Errno.EINTR, guest.Fuse.WaitFor(waiting));
    }

    [Fact]
    public void What_waits_while_its_ring_is_stopped_is_left_alone_though_memory_is_logged_then()
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest waiting = SubmitWaiting(guest, files);
        guest.Stop();
        int asked = files.Refusals;
        StartLog(guest);
        files.Unlock(tell: true);
        Thread.Sleep(TimeSpan.FromMilliseconds(300));
        Assert.Equal(asked, files.Refusals);
        guest.Start();
        Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(waiting));
    }

    [Fact]
    public void What_waits_keeps_its_number_and_operation_whatever_the_guest_writes_there_meanwhile()
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest waiting = SubmitWaiting(guest, files);
        ulong unique = waiting.Unique;
        for (ulong other = 1; other < 20; other += 2)
        {
            int asked = files.Refusals;
            waiting.Header.Unique = unique + (other << 20);
            waiting.Header.NodeId = 7;
            waiting.Header.Opcode = (uint)FuseOpcode.Getattr;
            waiting.Header.Length = 0;
            Eventually.Holds(() => files.Refusals > asked + 1, () => "Nobody waits any more.");
        }

        Assert.Equal([(unique, 1ul)], files.Waiting.Select(wait => (wait.Key, wait.Value)));
        files.Unlock(tell: true);
        Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(waiting));
        Assert.Equal(unique, waiting.ReplyHeader.Unique);
        Assert.Empty(files.Waiting);
    }

    [Fact]
    public void A_share_with_a_request_that_waits_stops_and_leaves_nothing()
    {
        ProcessTally before = ProcessTally.Take();
        GatedFileSystem files = new();
        TemporaryShare share = new(Sleepy, files);
        using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket))
        {
            _ = Submit(guest.Fuse, FuseOpcode.Opendir, 1);
            guest.Fuse.Kick();
            Eventually.Holds(() => files.Refusals >= 2, () => $"{files.Refusals} wait.");
        }

        share.Dispose();
        Assert.Null(share.Share.FaultReason);
        before.IsReachedAgain();
    }

    [Fact]
    public void A_ring_is_stopped_only_after_what_it_took_was_answered()
    {
        GatedFileSystem files = new();
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest blocked = Submit(guest.Fuse, FuseOpcode.Open, 2);
        FuseRequest quick = SubmitQuick(guest.Fuse);
        guest.Fuse.Kick();
        Assert.Equal(0, guest.Fuse.WaitFor(quick));
        using Timer timer = new(_ => files.BlockingGate.Set(), null, 100, Timeout.Infinite);
        ushort next = guest.Connection.GetVringBase(1);
        Assert.True(guest.Queues[1].HasUsed);
        Assert.Equal(guest.Queues[1].AvailableIndex, next);
        Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(blocked));
    }

    [Fact]
    public async Task Who_stops_a_share_that_another_is_stopping_finds_its_names_free_afterwards()
    {
        CancellationToken test = TestContext.Current.CancellationToken;
        GatedFileSystem files = new() { IsDead = true };
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        _ = Submit(guest.Fuse, FuseOpcode.Open, 2);
        guest.Fuse.Kick();
        Eventually.Holds(() => files.Inside == 1, () => "The request is not inside.");

        // The first one waits for what hangs; an event of the share's own, which may stop it too, is not waited for in turn.
        share.Share.Noted += (_, _) => share.Share.Stop();
        Task first = Task.Run(share.Share.Stop, test);
        Eventually.Holds(() => !File.Exists(share.Socket), () => "It does not stop.");
        share.Share.Stop();

        Assert.Equal(ShareState.Stopped, share.Share.State);
        Share.Start(share.Share.Options).Stop();
        await first;
        files.BlockingGate.Set();
    }

    [Fact]
    public void A_share_stops_in_time_though_its_file_system_is_dead()
    {
        ProcessTally before = ProcessTally.Take();
        GatedFileSystem files = new() { IsDead = true };
        TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        _ = Submit(guest.Fuse, FuseOpcode.Open, 2);
        guest.Fuse.Kick();
        Eventually.Holds(() => files.Inside == 1, () => "The request is not inside.");

        long start = Stopwatch.GetTimestamp();
        share.Share.Stop();
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(1));
        Assert.Equal(ShareState.Stopped, share.Share.State);
        Assert.Contains("stuck", share.Share.FaultReason, StringComparison.Ordinal);
        Assert.False(File.Exists(share.Socket));

        // What was held is let go of when the disk comes back.
        files.BlockingGate.Set();
        Eventually.Holds(() => files.IsDisposed, () => "The file system is still held.");
        guest.Dispose();
        share.Dispose();
        before.IsReachedAgain();
    }

    [Fact]
    public void The_next_front_end_waits_for_the_requests_of_the_last()
    {
        GatedFileSystem files = new() { IsDead = true };
        using TemporaryShare share = new(Sleepy, files);
        using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket))
        {
            _ = Submit(guest.Fuse, FuseOpcode.Open, 2);
            guest.Fuse.Kick();
            Eventually.Holds(() => files.Inside == 1, () => "The request is not inside.");
        }

        share.WaitForTrouble("stuck");
        files.BlockingGate.Set();
        using VirtioFsGuest next = VirtioFsGuest.ConnectAndMount(share.Socket);
        Assert.Equal(0, next.Fuse.Getattr(1, out FuseAttrOut _));
    }

    [Fact]
    public void A_file_system_that_throws_faults_its_share_and_no_other()
    {
        ProcessTally before = ProcessTally.Take();
        using (TemporaryShare other = new())
        {
            TemporaryShare share = new(fileSystem: new GatedFileSystem());
            using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
            guest.Fuse.Patience = TimeSpan.FromSeconds(1);
            Assert.Throws<BackEndException>(() => guest.Fuse.Access(1, 0));
            share.WaitFor(ShareState.Faulted);
            Assert.Contains("A fault of the file system", share.Share.FaultReason, StringComparison.Ordinal);
            Assert.Contains(share.Share, ShareRegistry.List());
            using (VirtioFsGuest fine = VirtioFsGuest.ConnectAndMount(other.Socket))
            {
                ServingTests.WriteFile(fine.Fuse, "fine", "text");
            }

            share.Dispose();
            Assert.Equal(ShareState.Stopped, share.Share.State);
        }

        before.IsReachedAgain();
    }

    // A worker that polls would take a request before the test has put the next one behind it.
    private static ShareOptions Sleepy(ShareOptions options) => options with { PollMicroseconds = 0 };

    private static FuseRequest Submit(FuseClient fuse, FuseOpcode opcode, ulong node)
    {
        FuseRequest request = fuse.CreateRequest();
        fuse.Submit(request.Begin(opcode, node).Append(default(FuseOpenIn)).Expect<FuseOpenOut>());
        return request;
    }

    private static FuseRequest SubmitWaiting(VirtioFsGuest guest, GatedFileSystem files)
    {
        FuseRequest waiting = Submit(guest.Fuse, FuseOpcode.Opendir, 1);
        guest.Fuse.Kick();
        Eventually.Holds(() => files.Refusals >= 2, () => $"{files.Refusals} wait.");
        return waiting;
    }

    private static void StartLog(VirtioFsGuest guest)
    {
        ulong logBytes = ((1ul << 32) + guest.Options.MemoryBytes) / 4096 / 8;
        guest.Connection.SetLogBase(logBytes, 0, SharedMemory.Create("guest-memory-log", (long)logBytes));
        guest.Connection.SetFeatures(guest.Features | VirtioFeatures.LogAll);
    }

    private static FuseRequest SubmitQuick(FuseClient fuse)
    {
        FuseRequest request = fuse.CreateRequest();
        fuse.Submit(request.Begin(FuseOpcode.Getattr, 1).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>());
        return request;
    }

    private static int ThreadsNamed(string name) =>
        Directory.GetDirectories("/proc/self/task").Count(task => File.ReadAllText(Path.Combine(task, "comm")).TrimEnd() == name);
}
