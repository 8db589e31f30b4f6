using Mono.Unix.Native;
using VirtioFs.EndToEnd.Tests.Sharing;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Operations;

/// <summary>Locks that a guest takes are locks on the host's file: other owners, other shares and the host see them.</summary>
public sealed class LockTests : IDisposable
{
    private const uint Read = 0, Write = 1, Unlock = 2, Flock = 1;
    private readonly SharedTree _tree = new();
    private readonly ulong _node, _handle, _second;

    public LockTests()
    {
        _tree.WriteOnHost("file", "content");
        (_node, _handle) = _tree.Open("file");
        (_, _second) = _tree.Open("file");
        int result = Fuse.Getlk(_node, Range(1, Write), out _);
        Assert.SkipWhen(result == -Errno.ENOSYS && ServingBackEnd.Command is not null, "The other back end has no locks.");
    }

    private FuseClient Fuse => _tree.Fuse;

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Two_owners_cannot_write_lock_the_same_bytes()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write, 0, 99)));
        Assert.Equal(-Errno.EAGAIN, Fuse.Setlk(_node, Range(2, Write, 50, 149)));
        Assert.Equal(-Errno.EAGAIN, Fuse.Setlk(_node, Range(2, Read, 99, 99)));
        Assert.Equal(0, Fuse.Setlk(_node, Range(2, Write, 100, 149)));
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Unlock, 50, 99)));
        Assert.Equal(0, Fuse.Setlk(_node, Range(2, Write, 50, 99)));
    }

    [Fact]
    public void Two_owners_can_read_lock_the_same_bytes()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Read)));
        Assert.Equal(0, Fuse.Setlk(_node, Range(2, Read)));
        Assert.Equal(-Errno.EAGAIN, Fuse.Setlk(_node, Range(3, Write)));
    }

    [Fact]
    public void One_owner_never_stands_in_its_own_way()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write)));
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Read)));
        Assert.Equal(0, Fuse.Setlk(_node, Range(2, Read)));
    }

    [Fact]
    public void Getlk_names_the_lock_in_the_way()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write, 10, 20)));
        Assert.Equal(0, Fuse.Getlk(_node, Range(2, Write), out FuseLockOut found));
        Assert.Equal((Write, 10UL, 20UL), (found.Lock.Type, found.Lock.Start, found.Lock.End));
        Assert.Equal(0, Fuse.Getlk(_node, Range(2, Write, 21, 30), out found));
        Assert.Equal(Unlock, found.Lock.Type);
        Assert.Equal(0, Fuse.Getlk(_node, Range(1, Write), out found));
        Assert.Equal(Unlock, found.Lock.Type);
    }

    [Fact]
    public void The_host_sees_a_guest_s_lock_and_a_guest_the_host_s()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write, 0, 9)));
        int descriptor = Syscall.open(_tree.Host("file"), OpenFlags.O_RDWR);
        try
        {
            Flock wanted = new() { l_type = LockType.F_WRLCK, l_whence = SeekFlags.SEEK_SET, l_start = 0, l_len = 5 };
            Assert.Equal(0, Syscall.fcntl(descriptor, FcntlCommand.F_GETLK, ref wanted));
            Assert.Equal(LockType.F_WRLCK, wanted.l_type);
            Flock taken = new() { l_type = LockType.F_WRLCK, l_whence = SeekFlags.SEEK_SET, l_start = 100, l_len = 5 };
            Assert.Equal(0, Syscall.fcntl(descriptor, FcntlCommand.F_SETLK, ref taken));
            Assert.Equal(-Errno.EAGAIN, Fuse.Setlk(_node, Range(1, Write, 100, 100)));
        }
        finally
        {
            Assert.Equal(0, Syscall.close(descriptor));
        }
    }

    [Fact]
    public void A_lock_that_is_waited_for_comes_when_it_is_free()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write)));
        FuseRequest waiting = Wait(Range(2, Write));
        Assert.Equal(0, Fuse.Getattr(_node, out _));
        Assert.False(Fuse.TryReceive(out _), "The lock was given to two owners.");
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Unlock)));
        Assert.Equal(0, Fuse.WaitFor(waiting));
        Assert.Equal(-Errno.EAGAIN, Fuse.Setlk(_node, Range(1, Write)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Hundreds_that_wait_for_one_lock_get_it_one_after_the_other(bool isFlock)
    {
        const int Waiters = 300;
        const ulong First = 100;
        ulong[] handles = [.. Enumerable.Range(0, Waiters).Select(_ => isFlock ? _tree.Open("file").Handle : _handle)];
        Assert.Equal(0, Fuse.Setlk(_node, isFlock ? Whole(_second, Write) : Range(1, Write)));
        List<(FuseRequest Request, int Waiter)> waiting =
            [.. Enumerable.Range(0, Waiters).Select(i => (Wait(isFlock ? Whole(handles[i], Write) : Range(First + (ulong)i, Write)), i))];
        Assert.Equal(0, Fuse.Getattr(_node, out FuseAttrOut _));
        Assert.All(waiting, waiter => Assert.False(waiter.Request.IsDone));
        Assert.Equal(0, Fuse.Setlk(_node, isFlock ? Whole(_second, Unlock) : Range(1, Unlock)));
        while (waiting.Count > 0)
        {
            FuseRequest granted = Fuse.Receive();
            Assert.Equal(0, granted.Error);
            int waiter = waiting.Single(each => each.Request == granted).Waiter;
            _ = waiting.RemoveAll(each => each.Request == granted);
            Assert.Equal(0, Fuse.Setlk(_node, isFlock ? Whole(handles[waiter], Unlock) : Range(First + (ulong)waiter, Unlock)));
        }
    }

    [Fact]
    public void Who_waits_to_read_goes_on_when_a_writer_s_lock_becomes_a_reader_s()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write)));
        FuseRequest waiting = Wait(Range(2, Read, 5, 9));
        Assert.Equal(0, Fuse.Getattr(_node, out _));
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Read)));
        Assert.Equal(0, Fuse.WaitFor(waiting));
    }

    [Fact]
    public void Who_waits_for_a_lock_of_another_share_s_guest_gets_it_when_that_is_given_up()
    {
        Assert.SkipUnless(ServingBackEnd.Command is null, "The other back end serves one share.");
        string home = Directory.CreateDirectory(_tree.Host("../second")).FullName;
        using ServingBackEnd other = new(_tree.Host("."), home);
        using VirtioFsGuest neighbour = VirtioFsGuest.ConnectAndMount(other.Socket);
        Assert.Equal(0, neighbour.Fuse.Lookup(SharedTree.Root, "file", out FuseEntryOut entry));
        Assert.Equal(0, neighbour.Fuse.Open(entry.NodeId, HostFile.Raw(OpenFlags.O_RDWR), out FuseOpenOut open));
        Assert.Equal(0, neighbour.Fuse.Setlk(entry.NodeId, Range(1, Write) with { Handle = open.Handle }));
        FuseRequest waiting = Wait(Range(2, Write));
        Assert.Equal(0, Fuse.Getattr(_node, out _));
        Assert.False(Fuse.TryReceive(out _), "The lock was given to two guests.");
        Assert.Equal(0, neighbour.Fuse.Setlk(entry.NodeId, Range(1, Unlock) with { Handle = open.Handle }));
        Assert.Equal(0, Fuse.WaitFor(waiting));
    }

    [Fact]
    public void A_guest_is_not_told_which_process_of_the_host_holds_a_lock()
    {
        int descriptor = Syscall.open(_tree.Host("file"), OpenFlags.O_RDWR);
        try
        {
            Flock taken = new() { l_type = LockType.F_WRLCK, l_whence = SeekFlags.SEEK_SET, l_start = 100, l_len = 5 };
            Assert.Equal(0, Syscall.fcntl(descriptor, FcntlCommand.F_SETLK, ref taken));
            Assert.Equal(0, Fuse.Getlk(_node, Range(1, Write), out FuseLockOut found));
            Assert.Equal((Write, 100UL, 104UL, 0U), (found.Lock.Type, found.Lock.Start, found.Lock.End, found.Lock.ProcessId));
        }
        finally
        {
            Assert.Equal(0, Syscall.close(descriptor));
        }
    }

    [Fact]
    public void A_guest_that_gives_up_waiting_gets_EINTR_and_not_the_lock()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write)));
        Assert.Equal(0, Fuse.Setlk(_node, Whole(_handle, Write)));
        foreach (FuseRequest waiting in (FuseRequest[])[Wait(Range(2, Write)), Wait(Whole(_second, Write))])
        {
            Assert.True(SpinWait.SpinUntil(() => Interrupt(waiting.Unique) == 0, TimeSpan.FromSeconds(10)), "The request was never found waiting.");
            Assert.Equal(-Errno.EINTR, Fuse.WaitFor(waiting));
            Assert.Equal(-Errno.EAGAIN, Interrupt(waiting.Unique));
        }

        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Unlock)));
        Assert.Equal(0, Fuse.Setlk(_node, Whole(_handle, Unlock)));
        Assert.Equal(0, Fuse.Setlk(_node, Range(3, Write)));
        Assert.Equal(0, Fuse.Setlk(_node, Whole(_handle, Write)));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(12345UL)]
    [InlineData(ulong.MaxValue)]
    public void Giving_up_a_request_that_nobody_waits_for_disturbs_nobody(ulong unique)
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write)));
        FuseRequest waiting = Wait(Range(2, Write));
        Assert.Equal(-Errno.EAGAIN, Interrupt(unique));
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Unlock)));
        Assert.Equal(0, Fuse.WaitFor(waiting));
    }

    [Fact]
    public void More_waiters_than_any_pool_has_threads_hold_nothing_up()
    {
        const int Waiters = 100;
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write)));
        FuseRequest[] waiting = [.. Enumerable.Range(2, Waiters).Select(owner => Wait(Range((ulong)owner, Read)))];
        Assert.Equal(7, Fuse.Read(_node, _handle, 0, 100));
        Assert.Equal(0, Fuse.Fsync(_node, _handle));
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Unlock)));
        Assert.All(waiting, request => Assert.Equal(0, Fuse.WaitFor(request)));
    }

    [Fact]
    public void Two_owners_that_wait_for_each_other_are_told()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write, 0, 0)));
        Assert.Equal(0, Fuse.Setlk(_node, Range(2, Write, 1, 1)));
        FuseRequest waiting = Wait(Range(1, Write, 1, 1));
        Assert.Equal(-Errno.EDEADLK, Fuse.Setlk(_node, Range(2, Write, 0, 0), wait: true));
        Assert.Equal(0, Fuse.Setlk(_node, Range(2, Unlock)));
        Assert.Equal(0, Fuse.WaitFor(waiting));
    }

    [Fact]
    public void Closing_a_descriptor_gives_its_owner_s_locks_back()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write)));
        Assert.Equal(0, Fuse.Flush(_node, _handle, lockOwner: 1));
        Assert.Equal(0, Fuse.Setlk(_node, Range(2, Write)));
    }

    [Fact]
    public void A_guest_that_goes_gives_its_locks_back()
    {
        Assert.SkipUnless(ServingBackEnd.Command is null, "The other back end serves one guest.");
        Assert.Equal(0, Fuse.Setlk(_node, Range(1, Write)));
        _tree.Guest.Dispose();
        using VirtioFsGuest next = VirtioFsGuest.ConnectAndMount(_tree.BackEnd.Socket);
        Assert.Equal(0, next.Fuse.Lookup(SharedTree.Root, "file", out FuseEntryOut entry));
        Assert.Equal(0, next.Fuse.Open(entry.NodeId, HostFile.Raw(OpenFlags.O_RDWR), out FuseOpenOut open));
        Assert.Equal(0, next.Fuse.Setlk(entry.NodeId, Range(1, Write) with { Handle = open.Handle }));
    }

    [Fact]
    public void Whole_file_locks_belong_to_the_handle()
    {
        Assert.Equal(0, Fuse.Setlk(_node, Whole(_handle, Write)));
        Assert.Equal(-Errno.EAGAIN, Fuse.Setlk(_node, Whole(_second, Write)));
        FuseRequest waiting = Wait(Whole(_second, Write));
        Assert.Equal(0, Fuse.Release(_node, _handle, releaseFlags: 2));
        Assert.Equal(0, Fuse.WaitFor(waiting));
    }

    [Theory]
    [InlineData(3U, 0UL, 10UL)]
    [InlineData(uint.MaxValue, 0UL, 10UL)]
    [InlineData(Write, 10UL, 5UL)]
    [InlineData(Write, 0UL, ulong.MaxValue)]
    [InlineData(Write, ulong.MaxValue, ulong.MaxValue)]
    public void Ranges_that_are_none_are_refused(uint type, ulong start, ulong end)
    {
        Assert.Equal(-Errno.EINVAL, Fuse.Setlk(_node, Range(1, type, start, end)));
        Assert.Equal(-Errno.EINVAL, Fuse.Getlk(_node, Range(1, type, start, end), out _));
    }

    private int Interrupt(ulong unique)
    {
        FuseClient queue = _tree.Guest.HighPriority;
        return queue.Transact(queue.Call.Begin(FuseOpcode.Interrupt, 0).Append(new FuseInterruptIn { Unique = unique }));
    }

    private FuseLockIn Range(ulong owner, uint type, ulong start = 0, ulong end = long.MaxValue) => new()
    {
        Handle = _handle,
        Owner = owner,
        Lock = new FuseFileLock { Start = start, End = end, Type = type, ProcessId = (uint)owner },
    };

    private static FuseLockIn Whole(ulong handle, uint type) => new()
    {
        Handle = handle,
        Owner = handle,
        Flags = Flock,
        Lock = new FuseFileLock { End = long.MaxValue, Type = type },
    };

    private FuseRequest Wait(FuseLockIn argument)
    {
        FuseRequest request = Fuse.CreateRequest(256);
        Fuse.Submit(request.Begin(FuseOpcode.Setlkw, _node).Append(argument));
        Fuse.Kick();
        return request;
    }
}
