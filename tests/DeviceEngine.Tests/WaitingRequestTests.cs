using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.Fuse.Locks;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Who of those that wait is tried again when something is given up.</summary>
public sealed class WaitingRequestTests
{
    private const int Waiters = 50;

    [Fact]
    public void Those_alone_are_tried_again_who_wait_for_what_was_given_up()
    {
        GatedFileSystem files = new() { TellsRelease = true };
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest[] waiting = SubmitAll(guest, files);
        int first = files.Refusals;
        foreach (FuseRequest request in waiting)
        {
            int before = files.Refusals;
            files.Tell(new LockRelease([request.Unique], []));
            Eventually.Holds(() => files.Refusals > before, () => "Nobody was tried again.");
        }

        // One for each, and what was still on its way to be laid aside.
        Assert.InRange(files.Refusals - first, Waiters, 3 * Waiters);
        files.Unlock(tell: false);
        files.Tell(new LockRelease([waiting[7].Unique], []));
        Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(waiting[7]));
        Assert.Equal(Waiters - 1, waiting.Count(request => request.ReplyLength == 0));
        files.Unlock(tell: true);
        Assert.All(waiting.Except([waiting[7]]), request => Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(request)));
    }

    [Fact]
    public void Those_who_come_after_the_first_are_tried_without_being_told_again()
    {
        GatedFileSystem files = new() { TellsRelease = true };
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest[] waiting = SubmitAll(guest, files);
        files.Unlock(tell: false);
        files.Tell(new LockRelease([waiting[0].Unique], [.. waiting.Skip(1).Select(request => request.Unique)]));
        Assert.All(waiting, request => Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(request)));
    }

    [Fact]
    public void Two_that_wait_by_one_number_are_both_answered()
    {
        GatedFileSystem files = new() { TellsRelease = true };
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest first = Describe(guest.Fuse), second = Describe(guest.Fuse);
        guest.Fuse.ChecksReplies = false;
        guest.Fuse.Submit(first);
        guest.Fuse.Prepare(second);
        second.Header.Unique = first.Unique;
        guest.Fuse.Submit(second, prepare: false);
        guest.Fuse.Kick();
        Eventually.Holds(() => files.Refusals >= 3, () => $"{files.Refusals} wait.");
        files.Unlock(tell: true);
        Assert.Equal((-Errno.ENOENT, -Errno.ENOENT), (guest.Fuse.WaitFor(first), guest.Fuse.WaitFor(second)));
    }

    [Fact]
    public void What_is_given_up_while_a_ring_rests_is_had_when_it_goes_on_and_by_another_ring_at_once()
    {
        GatedFileSystem files = new() { TellsRelease = true };
        using TemporaryShare share = new(Sleepy, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { RequestQueues = 2 });
        FuseRequest resting = Describe(guest.Clients[1]), other = Describe(guest.Clients[2]);
        guest.Clients[1].Submit(resting);
        guest.Clients[1].Kick();
        Eventually.Holds(() => files.Waiting.Count == 1, () => "It does not wait.");
        guest.Clients[2].Submit(other);
        guest.Clients[2].Kick();
        Eventually.Holds(() => files.Waiting.Count == 2 && files.Refusals >= 4, () => "It does not wait.");
        guest.Connection.SetVringEnable(1, false);
        files.Unlock(tell: false);
        files.Tell(new LockRelease([resting.Unique], [other.Unique]));
        Assert.Equal(-Errno.ENOENT, guest.Clients[2].WaitFor(other));
        Assert.Equal(0, resting.ReplyLength);
        guest.Connection.SetVringEnable(1, true);
        Assert.Equal(-Errno.ENOENT, guest.Clients[1].WaitFor(resting));
    }

    private static FuseRequest[] SubmitAll(VirtioFsGuest guest, GatedFileSystem files)
    {
        FuseRequest[] waiting = [.. Enumerable.Range(0, Waiters).Select(_ => Describe(guest.Fuse))];
        Array.ForEach(waiting, request => guest.Fuse.Submit(request));
        guest.Fuse.Kick();

        Eventually.Holds(() => files.Waiting.Count == Waiters, () => $"{files.Waiting.Count} wait.");
        return waiting;
    }

    private static FuseRequest Describe(FuseClient fuse)
    {
        FuseRequest request = fuse.CreateRequest(argumentBytes: 64);
        return request.Begin(FuseOpcode.Opendir, 1).Append(default(FuseOpenIn)).Expect<FuseOpenOut>();
    }

    // A worker that polls would take a request before the test has put the next one behind it.
    private static ShareOptions Sleepy(ShareOptions options) => options with { PollMicroseconds = 0 };
}
