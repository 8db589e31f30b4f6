using System.Diagnostics;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Locks;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>What locks a guest can make the host hold, and how long a guest that makes the most of them keeps others waiting.</summary>
[Collection(nameof(SlotMemoryTests))]
public sealed class LockBoundTests : IDisposable
{
    private const ulong Root = 1;
    private const long ToTheEnd = long.MaxValue;
    private const uint Read = 0, Write = 1, Unlock = 2;

    private readonly ScratchDirectory _scratch = new();

    public LockBoundTests() => File.WriteAllText(_scratch["f"], "0123456789");

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_row_of_four_thousand_waiters_is_looked_through_in_milliseconds_and_its_closing_is_a_deadlock(bool backwards)
    {
        const int Owners = 4000, Needed = 16384;
        Assert.SkipUnless(ProcessLimits.Descriptors >= Needed, $"So many owners need a limit of {Needed} descriptors.");
        using FuseGuest guest = new(_scratch.Path);
        (ulong node, ulong handle) = Open(guest, "f");
        for (int i = 0; i < Owners; i++)
        {
            Assert.Equal(0, Set(guest, node, handle, owner: i, Write, i, i));
        }

        TimeSpan start = guest.ProcessorTime;
        for (int i = 0; i < Owners - 1; i++)
        {
            int owner = backwards ? Owners - 2 - i : i;
            Assert.Equal(FuseReply.NotYet, Set(guest, node, handle, owner, Write, owner + 1, owner + 1, wait: true));
        }

        // A search of everything for each of them took twelve seconds.
        Assert.InRange((guest.ProcessorTime - start).TotalSeconds, 0, 4);
        start = guest.ProcessorTime;
        Assert.Equal(Errno.EDEADLK, Set(guest, node, handle, owner: Owners - 1, Write, 0, 0, wait: true));
        Assert.InRange((guest.ProcessorTime - start).TotalMilliseconds, 0, 100);
        Assert.Equal(0, Set(guest, node, handle, owner: 1, Unlock, 1, 1));
        Assert.Equal(FuseReply.NotYet, Set(guest, node, handle, owner: Owners - 1, Write, 0, 0, wait: true));
    }

    [Fact]
    public void Thousands_that_wait_for_thousands_each_are_answered_soon()
    {
        const int Owners = 2000, Needed = 16384;
        Assert.SkipUnless(ProcessLimits.Descriptors >= Needed, $"So many owners need a limit of {Needed} descriptors.");
        using FuseGuest guest = new(_scratch.Path);
        (ulong node, ulong handle) = Open(guest, "f");
        for (int i = 0; i < Owners; i++)
        {
            Assert.Equal(0, Set(guest, node, handle, owner: i, Read, 0, ToTheEnd));
        }

        TimeSpan start = guest.ProcessorTime;
        Assert.Equal(FuseReply.NotYet, Set(guest, node, handle, owner: 0, Write, 0, ToTheEnd, wait: true));
        for (int i = 1; i < Owners; i++)
        {
            Assert.Equal(Errno.EDEADLK, Set(guest, node, handle, owner: i, Write, 0, ToTheEnd, wait: true));
        }

        for (int i = Owners; i < 2 * Owners; i++)
        {
            Assert.Equal(FuseReply.NotYet, Set(guest, node, handle, owner: i, Write, 0, ToTheEnd, wait: true));
        }

        Assert.InRange((guest.ProcessorTime - start).TotalSeconds, 0, 6);
    }

    [Fact]
    public void A_share_holds_as_many_ranges_as_it_may_and_has_room_again_when_they_are_given_up()
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { Locks = 100 });
        (ulong node, ulong handle) = Open(guest, "f");
        int[] results = [.. Enumerable.Range(0, 120).Select(i => Set(guest, node, handle, owner: 1, Write, 10 * i, (10 * i) + 8))];
        Assert.Equal((100, 20), (results.Count(result => result == 0), results.Count(result => result == Errno.ENOLCK)));

        // Two are left of one that is given up in its middle, and neighbours become one.
        Assert.Equal(Errno.ENOLCK, Set(guest, node, handle, owner: 1, Unlock, 4, 4));
        Assert.Equal(Errno.EAGAIN, Set(guest, node, handle, owner: 2, Write, 4, 4));
        Assert.Equal(0, Set(guest, node, handle, owner: 1, Write, 9, 9));
        Assert.Equal(0, Set(guest, node, handle, owner: 1, Unlock, 4, 4));
        Assert.Equal(Errno.ENOLCK, Set(guest, node, handle, owner: 1, Unlock, 6, 6));
        Assert.Equal(0, Set(guest, node, handle, owner: 1, Unlock, 0, ToTheEnd));
        Assert.Equal(0, Set(guest, node, handle, owner: 2, Write, 4, 4));
        guest.Server.Reset();
        Assert.Equal(0, guest.Initialize((InitFlags)ulong.MaxValue).Error);
        (node, handle) = Open(guest, "f");
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(0, Set(guest, node, handle, owner: 1, Write, 10 * i, 10 * i)));
    }

    [Fact]
    public void Waiters_count_as_locks_do_until_they_are_abandoned()
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { Locks = 10 });
        (ulong node, ulong handle) = Open(guest, "f");
        Assert.Equal(0, Set(guest, node, handle, owner: 1, Write, 0, ToTheEnd));
        ulong first = guest.NextUnique;
        int[] results = [.. Enumerable.Range(2, 20).Select(i => Set(guest, node, handle, owner: i, Write, 0, 0, wait: true))];
        Assert.Equal((9, 11), (results.Count(result => result == FuseReply.NotYet), results.Count(result => result == Errno.ENOLCK)));
        guest.Server.Abandon(first);
        Assert.Equal(FuseReply.NotYet, Set(guest, node, handle, owner: 30, Write, 0, 0, wait: true));
        Assert.Equal(Errno.ENOLCK, Set(guest, node, handle, owner: 31, Write, 0, 0, wait: true));
    }

    [Fact]
    public void Handles_that_one_owner_locks_through_are_bounded_too()
    {
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { Locks = 10 });
        (ulong node, _) = Open(guest, "f");
        ulong[] handles = [.. Enumerable.Range(0, 20).Select(_ => Open(guest, "f").Handle)];
        int[] results = [.. handles.Select(handle => Set(guest, node, handle, owner: 1, Write, 0, 0))];
        Assert.Equal((10, 10), (results.Count(result => result == 0), results.Count(result => result == Errno.ENOLCK)));
    }

    [Fact]
    public void Locks_are_as_in_a_model_of_them_whatever_is_asked()
    {
        const int Bytes = 40, Owners = 4, Steps = 6000;
        using FuseGuest guest = new(_scratch.Path);
        (ulong node, ulong handle) = Open(guest, "f");
        Random random = new(7);
        uint[,] model = new uint[Owners, Bytes];
        for (int step = 0; step < Steps; step++)
        {
            int owner = random.Next(Owners), start = random.Next(Bytes), end = random.Next(start, Bytes);
            uint type = (uint)random.Next(3), mark = type == Unlock ? 0 : type + 1;
            bool free = type == Unlock || !Enumerable.Range(0, Owners).Any(other => other != owner && Enumerable.Range(start, end - start + 1)
                .Any(at => model[other, at] == 2 || (model[other, at] == 1 && type == Write)));
            if (type != Unlock)
            {
                FileLock found = guest.Send(FuseOpcode.GetLock, node, Lock(handle, owner, type, start, end)).As<LockOut>().Lock;
                Assert.Equal(free, found.Type == Unlock);
            }

            Assert.Equal(free ? 0 : Errno.EAGAIN, Set(guest, node, handle, owner, type, start, end));
            for (int at = start; free && at <= end; at++)
            {
                model[owner, at] = mark;
            }
        }
    }

    [Fact]
    public void A_share_in_which_nothing_changes_opens_nothing_for_writing_to_lock_it()
    {
        File.Copy("/bin/true", _scratch["program"]);
        using FuseGuest guest = new(_scratch.Path, new PassthroughOptions { ReadOnly = true });
        (ulong node, ulong handle) = Open(guest, "program", OpenFlags.ReadOnly);
        Assert.Equal(0, Set(guest, node, handle, owner: 1, Read, 0, ToTheEnd));
        Assert.Equal(Errno.EBADF, Set(guest, node, handle, owner: 1, Write, 0, 0));
        Assert.Equal(Unlock, guest.Send(FuseOpcode.GetLock, node, Lock(handle, 2, Read, 0, 9)).As<LockOut>().Lock.Type);
        Assert.Equal(Read, guest.Send(FuseOpcode.GetLock, node, Lock(handle, 2, Write, 0, 9)).As<LockOut>().Lock.Type);
        AssertRuns(_scratch["program"]);
    }

    [Fact]
    public void A_file_that_the_guest_has_open_for_reading_is_not_opened_for_writing_to_lock_it()
    {
        File.Copy("/bin/true", _scratch["program"]);
        using FuseGuest guest = new(_scratch.Path);
        (ulong node, ulong handle) = Open(guest, "program", OpenFlags.ReadOnly);
        Assert.Equal(0, Set(guest, node, handle, owner: 1, Read, 0, ToTheEnd));
        Assert.Equal(Errno.EBADF, Set(guest, node, handle, owner: 1, Write, 0, 0));
        AssertRuns(_scratch["program"]);
        (_, ulong writer) = Open(guest, "program", OpenFlags.WriteOnly);
        Assert.Equal(Errno.EBADF, Set(guest, node, writer, owner: 1, Read, 0, 0));
    }

    [Fact]
    public void An_owner_keeps_its_readers_locks_when_it_takes_the_first_one_for_writing()
    {
        using FuseGuest guest = new(_scratch.Path), other = new(_scratch.Path);
        (ulong node, ulong reader) = Open(guest, "f", OpenFlags.ReadOnly);
        (_, ulong writer) = Open(guest, "f");
        (ulong otherNode, ulong otherHandle) = Open(other, "f");
        Assert.Equal(0, Set(guest, node, reader, owner: 1, Read, 0, 9));
        Assert.Equal(0, Set(guest, node, reader, owner: 1, Read, 20, 29));
        Assert.Equal(0, Set(other, otherNode, otherHandle, owner: 1, Read, 25, 40));
        Assert.Equal(Errno.EAGAIN, Set(guest, node, writer, owner: 1, Write, 0, 29));
        Assert.Equal(0, Set(guest, node, writer, owner: 1, Write, 5, 6));
        Assert.Equal(Errno.EAGAIN, Set(other, otherNode, otherHandle, owner: 1, Read, 6, 6));
        Assert.Equal(0, Set(other, otherNode, otherHandle, owner: 1, Read, 7, 7));
        Assert.Equal(Errno.EAGAIN, Set(other, otherNode, otherHandle, owner: 1, Write, 20, 20));
        Assert.Equal(0, guest.Send(FuseOpcode.Flush, node, new FlushIn { Handle = reader, LockOwner = 1 }).Error);
        Assert.Equal(0, Set(other, otherNode, otherHandle, owner: 1, Write, 0, ToTheEnd));
    }

    private static void AssertRuns(string program)
    {
        using Process process = Process.Start(program);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private static (ulong Node, ulong Handle) Open(FuseGuest guest, string name, int flags = OpenFlags.ReadWrite)
    {
        ulong node = guest.MustLookup(Root, name).NodeId;
        return (node, guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = (uint)flags }).As<OpenOut>().Handle);
    }

    private static LockIn Lock(ulong handle, int owner, uint type, long start, long end) => new()
    {
        Handle = handle,
        Owner = (ulong)owner,
        Lock = new FileLock { Start = (ulong)start, End = (ulong)end, Type = type, ProcessId = (uint)owner },
    };

    private static int Set(FuseGuest guest, ulong node, ulong handle, int owner, uint type, long start, long end, bool wait = false) =>
        guest.Send(wait ? FuseOpcode.SetLockWait : FuseOpcode.SetLock, node, Lock(handle, owner, type, start, end)).Error;
}
