using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Locks;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

public sealed class LockTests : IDisposable
{
    private const ulong Root = 1, ToTheEnd = long.MaxValue;
    private const uint Read = 0, Write = 1, Unlock = 2;

    private readonly ScratchDirectory _scratch = new();
    private readonly FuseGuest _guest;
    private readonly ulong _node;
    private readonly ulong _handle;

    public LockTests()
    {
        File.WriteAllText(_scratch["f"], "0123456789");
        File.WriteAllText(_scratch["g"], "");
        _guest = new FuseGuest(_scratch.Path);
        (_node, _handle) = Open(_guest, "f");
    }

    public void Dispose()
    {
        _guest.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void Owners_of_one_guest_are_kept_apart_and_the_one_in_the_way_is_named()
    {
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 0, 9, process: 77));
        Assert.Equal(Errno.EAGAIN, Set(_guest, _node, _handle, owner: 2, Read, 5, 5));
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 2, Write, 10, ToTheEnd));
        FileLock found = Get(_guest, _node, _handle, owner: 2, Write, 0, 100);
        Assert.Equal((Write, 0ul, 9ul, 77u), (found.Type, found.Start, found.End, found.ProcessId));
        Assert.Equal(Unlock, Get(_guest, _node, _handle, owner: 1, Write, 0, 9).Type);
    }

    [Fact]
    public void A_lock_is_seen_by_another_share_and_by_the_host()
    {
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 2, 3));
        using FuseGuest other = new(_scratch.Path);
        (ulong node, ulong handle) = Open(other, "f");
        Assert.Equal(Errno.EAGAIN, Set(other, node, handle, owner: 1, Write, 3, 3));
        FileLock found = Get(other, node, handle, owner: 1, Write, 0, ToTheEnd);
        Assert.Equal((Write, 2ul, 3ul), (found.Type, found.Start, found.End));
        using FileStream host = new(_scratch["f"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Assert.Throws<IOException>(() => host.Lock(2, 2));
        host.Lock(8, 1);
        Assert.Equal(Errno.EAGAIN, Set(_guest, _node, _handle, owner: 1, Read, 8, 8));
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Unlock, 0, ToTheEnd));
        Assert.Equal(0, Set(other, node, handle, owner: 1, Write, 3, 3));
    }

    [Fact]
    public void A_lock_ends_with_its_owners_close_and_with_the_session_but_not_with_another_owners_close()
    {
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 0, ToTheEnd));
        Assert.Equal(0, _guest.Send(FuseOpcode.Flush, _node, new FlushIn { Handle = _handle, LockOwner = 2 }).Error);
        Assert.Equal(Errno.EAGAIN, Set(_guest, _node, _handle, owner: 3, Read, 0, 0));
        Assert.Equal(0, _guest.Send(FuseOpcode.Flush, _node, new FlushIn { Handle = _handle, LockOwner = 1 }).Error);
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 3, Write, 0, 0));

        using FuseGuest other = new(_scratch.Path);
        (ulong node, ulong handle) = Open(other, "f");
        Assert.Equal(Errno.EAGAIN, Set(other, node, handle, owner: 1, Write, 0, 0));
        _guest.Server.Reset();
        Assert.Equal(0, Set(other, node, handle, owner: 1, Write, 0, 0));
    }

    [Fact]
    public void A_lock_of_an_open_file_description_ends_when_the_file_is_released_though_nobody_gives_it_up()
    {
        (_, ulong second) = Open(_guest, "f");
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 0, 9));
        Assert.Equal(0, Set(_guest, _node, second, owner: 2, Write, 10, 19));
        List<LockRelease> told = Listen(_guest);
        Assert.Equal(0, _guest.Send(FuseOpcode.Flush, _node, new FlushIn { Handle = _handle, LockOwner = 77 }).Error);
        ulong waiting = _guest.NextUnique;
        Assert.Equal(FuseReply.NotYet, Set(_guest, _node, second, owner: 4, Write, 9, 9, wait: true));
        Assert.Equal(0, _guest.Send(FuseOpcode.Release, _node, new ReleaseIn { Handle = _handle }).Error);
        Assert.Equal([waiting], Assert.Single(told).Next);
        Assert.Equal(0, Set(_guest, _node, second, owner: 3, Write, 0, 9));
        Assert.Equal(Errno.EAGAIN, Set(_guest, _node, second, owner: 3, Write, 10, 10));
    }

    [Fact]
    public void Who_waits_is_told_when_to_try_again_and_then_gets_the_lock()
    {
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 0, ToTheEnd));
        List<LockRelease> told = Listen(_guest);
        ulong waiting = _guest.NextUnique;
        Assert.Equal(FuseReply.NotYet, Set(_guest, _node, _handle, owner: 2, Write, 0, 0, wait: true));
        Assert.Empty(told);
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Unlock, 0, ToTheEnd));
        Assert.Equal([waiting], Assert.Single(told).Next);
        _guest.NextUnique = waiting;
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 2, Write, 0, 0, wait: true));
    }

    [Fact]
    public void Those_alone_are_told_who_wait_for_what_was_given_up_and_is_in_nobody_elses_hands()
    {
        const int Waiters = 50;
        (ulong other, ulong otherHandle) = Open(_guest, "g");
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 0, 99));
        Assert.Equal(0, Set(_guest, other, otherHandle, owner: 1, Write, 0, 99));
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 2, Write, 100, 100));
        ulong first = _guest.NextUnique;
        for (uint i = 0; i < Waiters; i++)
        {
            Assert.Equal(FuseReply.NotYet, Set(_guest, _node, _handle, owner: 10 + i, Write, i, i, wait: true));
            Assert.Equal(FuseReply.NotYet, Set(_guest, other, otherHandle, owner: 10 + i, Write, i, i, wait: true));
        }

        Assert.Equal(FuseReply.NotYet, Set(_guest, _node, _handle, owner: 3, Write, 90, 100, wait: true));
        List<LockRelease> told = Listen(_guest);
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Unlock, 7, 8));
        Assert.Equal([first + 14, first + 16], Assert.Single(told).Next);
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Unlock, 60, 99));
        Assert.Single(told);
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 2, Unlock, 100, 100));
        Assert.Equal([first + (2 * Waiters)], told[1].Next);
        Assert.Equal(0, Set(_guest, other, otherHandle, owner: 1, Read, 20, 21));
        Assert.Equal(2, told.Count);
    }

    [Fact]
    public void Of_many_that_wait_for_one_byte_the_first_is_told_and_the_others_are_tried_later()
    {
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 0, 0));
        ulong first = _guest.NextUnique;
        for (uint i = 0; i < 5; i++)
        {
            Assert.Equal(FuseReply.NotYet, Set(_guest, _node, _handle, owner: 10 + i, Write, 0, 0, wait: true));
        }

        List<LockRelease> told = Listen(_guest);
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Unlock, 0, 0));
        Assert.Equal([first], Assert.Single(told).Next);
        Assert.Equal([first + 1, first + 2, first + 3, first + 4], told[0].Others);
    }

    [Fact]
    public void Readers_that_wait_together_are_told_together_also_when_a_writer_becomes_a_reader()
    {
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 0, 9));
        ulong first = _guest.NextUnique;
        Assert.Equal(FuseReply.NotYet, Set(_guest, _node, _handle, owner: 2, Read, 0, 5, wait: true));
        Assert.Equal(FuseReply.NotYet, Set(_guest, _node, _handle, owner: 3, Write, 0, 5, wait: true));
        Assert.Equal(FuseReply.NotYet, Set(_guest, _node, _handle, owner: 4, Read, 3, 9, wait: true));
        List<LockRelease> told = Listen(_guest);
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Read, 0, 9));
        Assert.Equal([first, first + 2], Assert.Single(told).Next);
        Assert.Empty(told[0].Others);
    }

    [Fact]
    public void A_number_that_waits_for_one_lock_cannot_wait_for_another_one()
    {
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 0, 9));
        ulong waiting = _guest.NextUnique;
        Assert.Equal(FuseReply.NotYet, Set(_guest, _node, _handle, owner: 2, Write, 0, 0, wait: true));
        List<LockRelease> told = Listen(_guest);
        _guest.NextUnique = waiting;
        Assert.Equal(Errno.EINVAL, Set(_guest, _node, _handle, owner: 3, Write, 1, 1, wait: true));

        // So that it is noted again.
        Assert.Equal([waiting], Assert.Single(told).Next);
    }

    [Fact]
    public void A_request_that_waited_and_failed_leaves_nothing()
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { Locks = 2 });
        (ulong node, ulong handle) = Open(guest, "f");
        (_, ulong waiter) = Open(guest, "f");
        Assert.Equal(0, Set(guest, node, handle, owner: 1, Write, 0, 0));
        ulong waiting = guest.NextUnique;
        Assert.Equal(FuseReply.NotYet, Set(guest, node, waiter, owner: 2, Write, 0, 0, wait: true));
        Assert.Equal(Errno.ENOLCK, Set(guest, node, handle, owner: 1, Write, 9, 9));
        Assert.Equal(0, guest.Send(FuseOpcode.Release, node, new ReleaseIn { Handle = waiter }).Error);
        guest.NextUnique = waiting;
        Assert.Equal(Errno.EBADF, Set(guest, node, waiter, owner: 2, Write, 0, 0, wait: true));
        Assert.Equal(0, Set(guest, node, handle, owner: 1, Write, 9, 9));
    }

    [Fact]
    public void A_circle_of_waiters_is_a_deadlock_for_the_one_who_would_close_it()
    {
        (ulong other, ulong otherHandle) = Open(_guest, "g");
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 0, 0));
        Assert.Equal(0, Set(_guest, other, otherHandle, owner: 2, Write, 0, 0));
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 3, Write, 5, 5));
        Assert.Equal(FuseReply.NotYet, Set(_guest, other, otherHandle, owner: 3, Write, 0, 0, wait: true));
        Assert.Equal(FuseReply.NotYet, Set(_guest, other, otherHandle, owner: 1, Read, 0, 0, wait: true));
        Assert.Equal(Errno.EDEADLK, Set(_guest, _node, _handle, owner: 2, Write, 0, 0, wait: true));
        Assert.Equal(FuseReply.NotYet, Set(_guest, _node, _handle, owner: 4, Write, 0, 0, wait: true));
    }

    [Fact]
    public void A_range_can_be_given_up_and_changed_in_its_middle()
    {
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Write, 0, 99));
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Unlock, 40, 59));
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 1, Read, 80, 99));
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 2, Write, 40, 59));
        Assert.Equal(0, Set(_guest, _node, _handle, owner: 2, Read, 90, 99));
        Assert.Equal(Errno.EAGAIN, Set(_guest, _node, _handle, owner: 2, Read, 79, 79));
        Assert.Equal(Errno.EAGAIN, Set(_guest, _node, _handle, owner: 2, Read, 39, 40));
    }

    [Fact]
    public void A_flock_belongs_to_the_open_file_and_ends_with_it()
    {
        (ulong node, ulong handle) = Open(_guest, "f");
        Assert.Equal(_node, node);
        Assert.Equal(0, Flock(_handle, Write));
        Assert.Equal(Errno.EAGAIN, Flock(handle, Read));
        List<LockRelease> told = Listen(_guest);
        ulong waiting = _guest.NextUnique;
        Assert.Equal(FuseReply.NotYet, Flock(handle, Read, wait: true));
        (ulong other, ulong otherHandle) = Open(_guest, "g");
        Assert.Equal(0, Flock(otherHandle, Write, node: other));
        Assert.Equal(0, Flock(otherHandle, Unlock, node: other));
        Assert.Empty(told);
        Assert.Equal(0, _guest.Send(FuseOpcode.Release, _node, new ReleaseIn { Handle = _handle, ReleaseFlags = ReleaseIn.UnlockFlock }).Error);
        Assert.Equal([waiting], Assert.Single(told).Next);
        _guest.NextUnique = waiting;
        Assert.Equal(0, Flock(handle, Read, wait: true));
    }

    [Theory]
    [InlineData(5u, 0ul, 1ul)]
    [InlineData(0u, 2ul, 1ul)]
    [InlineData(1u, 0ul, ulong.MaxValue)]
    public void A_lock_that_makes_no_sense_is_invalid(uint type, ulong start, ulong end) =>
        Assert.Equal(Errno.EINVAL, Set(_guest, _node, _handle, owner: 1, type, start, end));

    [Fact]
    public void A_guest_that_hoards_locks_runs_out_of_them_before_the_host_does()
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { OpenFiles = 10 });
        (ulong node, ulong handle) = Open(guest, "f");
        int[] results = [.. Enumerable.Range(0, 20).Select(i => Set(guest, node, handle, (ulong)i, Read, 0, 0))];
        Assert.Equal(9, results.Count(result => result == 0));
        Assert.Equal(11, results.Count(result => result == Errno.ENOLCK));
    }

    [Fact]
    public void Where_locks_are_off_taking_one_fails_and_where_they_are_the_guests_own_we_are_not_asked()
    {
        using FuseGuest none = new(_scratch.Path, new PassthroughOptions { PosixLocks = LockScope.None, Flock = LockScope.None });
        (ulong node, ulong handle) = Open(none, "f");
        Assert.Equal(Errno.ENOLCK, Set(none, node, handle, owner: 1, Write, 0, 0));
        using FuseGuest own = new(_scratch.Path, new PassthroughOptions { PosixLocks = LockScope.Guest, Flock = LockScope.Guest });
        Assert.Equal(InitFlags.None, own.Server.Negotiated & (InitFlags.PosixLocks | InitFlags.FlockLocks));
    }

    private static (ulong Node, ulong Handle) Open(FuseGuest guest, string name)
    {
        ulong node = guest.MustLookup(Root, name).NodeId;
        return (node, guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 2 }).As<OpenOut>().Handle);
    }

    private static LockIn Lock(ulong handle, ulong owner, uint type, ulong start, ulong end, uint process = 0) => new()
    {
        Handle = handle,
        Owner = owner,
        Lock = new FileLock { Type = type, Start = start, End = end, ProcessId = process },
    };

    private static int Set(
        FuseGuest guest, ulong node, ulong handle, ulong owner, uint type, ulong start, ulong end, uint process = 1, bool wait = false) =>
        guest.Send(wait ? FuseOpcode.SetLockWait : FuseOpcode.SetLock, node, Lock(handle, owner, type, start, end, process)).Error;

    private static FileLock Get(FuseGuest guest, ulong node, ulong handle, ulong owner, uint type, ulong start, ulong end) =>
        guest.Send(FuseOpcode.GetLock, node, Lock(handle, owner, type, start, end)).As<LockOut>().Lock;

    private static List<LockRelease> Listen(FuseGuest guest)
    {
        List<LockRelease> told = [];
        guest.Server.WaitersMayProceed += told.Add;
        return told;
    }

    private int Flock(ulong handle, uint type, bool wait = false, ulong? node = null) => _guest.Send(
        wait ? FuseOpcode.SetLockWait : FuseOpcode.SetLock,
        node ?? _node,
        Lock(handle, 1, type, 0, ToTheEnd) with { LockFlags = LockIn.Flock }).Error;
}
