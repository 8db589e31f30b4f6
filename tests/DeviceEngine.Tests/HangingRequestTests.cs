using System.Diagnostics;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>A front end that stops a ring is answered though requests hang, whose memory nobody touches meanwhile.</summary>
public sealed class HangingRequestTests : IDisposable
{
    private const uint Untouched = 0x5a5a5a5a;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly GatedFileSystem _files = new() { IsDead = true };
    private readonly TemporaryShare _share;
    private readonly VirtioFsGuest _guest;

    public HangingRequestTests()
    {
        _share = new TemporaryShare(null, _files);
        _guest = VirtioFsGuest.ConnectAndMount(_share.Socket, new GuestOptions { RequestQueues = 2 });
    }

    public void Dispose()
    {
        _files.BlockingGate.Set();
        _guest.Dispose();
        _share.Dispose();
    }

    [Fact]
    public void A_ring_stops_and_what_hung_is_answered_when_it_goes_on()
    {
        FuseRequest stuck = Hang();
        FuseRequest waiting = Describe(FuseOpcode.Opendir);
        _guest.Fuse.Submit(waiting);
        _guest.Fuse.Kick();
        Eventually.Holds(() => _files.Waiting.Count == 1, () => "Nobody waits.");
        stuck.ReplyHeader.Length = Untouched;
        long start = Stopwatch.GetTimestamp();
        ushort next = _guest.Stop()[1];
        Assert.True(Stopwatch.GetElapsedTime(start) < s_limit);
        Assert.Equal(_guest.Queues[1].AvailableIndex, next);
        _share.WaitForTrouble("hang in the host");

        _files.BlockingGate.Set();
        Eventually.Holds(() => _files.Inside == 0, () => "It did not come back.");
        Thread.Sleep(100);
        Assert.Equal(Untouched, stuck.ReplyHeader.Length);
        Assert.False(_guest.Queues[1].HasUsed, "A ring at rest was used.");
        _guest.Start();
        Assert.Equal(-Errno.ENOENT, _guest.Fuse.WaitFor(stuck));
        _files.Unlock(tell: true);
        Assert.Equal(-Errno.ENOENT, _guest.Fuse.WaitFor(waiting));
        AssertServes();
    }

    [Fact]
    public void What_hangs_still_when_the_ring_goes_on_is_answered_when_it_comes_back()
    {
        FuseRequest stuck = Hang();
        for (int pause = 0; pause < 2; pause++)
        {
            _ = _guest.Stop();
            _guest.Start();
            AssertServes();
            Assert.Equal(0, stuck.ReplyLength);
        }

        _files.BlockingGate.Set();
        Assert.Equal(-Errno.ENOENT, _guest.Fuse.WaitFor(stuck));
        AssertServes();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_hung_when_a_guest_boots_anew_is_forgotten_and_writes_nowhere(bool resets)
    {
        FuseRequest stuck = Hang();
        if (resets)
        {
            _guest.Connection.ResetDevice();
        }

        _guest.Reboot();
        _guest.Mount();
        stuck.ReplyHeader.Length = Untouched;
        _files.BlockingGate.Set();
        Eventually.Holds(() => _files.Inside == 0, () => "It did not come back.");
        AssertServes();
        Assert.Equal(Untouched, stuck.ReplyHeader.Length);
        Assert.False(_guest.Queues[1].HasUsed, "A request of the last session was answered.");
    }

    [Fact]
    public void A_ring_can_be_disabled_and_another_one_goes_on()
    {
        FuseRequest stuck = Hang();
        long start = Stopwatch.GetTimestamp();
        _guest.Connection.SetVringEnable(1, false);
        Assert.True(Stopwatch.GetElapsedTime(start) < s_limit);
        Assert.Equal(0, _guest.Clients[2].Getattr(1, out FuseAttrOut _));
        _guest.Connection.SetVringEnable(1, true);
        _files.BlockingGate.Set();
        Assert.Equal(-Errno.ENOENT, _guest.Fuse.WaitFor(stuck));
    }

    [Fact]
    public void What_another_ring_waits_for_beside_is_answered_when_it_comes_back()
    {
        _ = Hang();
        FuseRequest other = _guest.Clients[2].CreateRequest(argumentBytes: 64);
        _guest.Clients[2].Submit(other.Begin(FuseOpcode.Open, 2).Append(default(FuseOpenIn)).Expect<FuseOpenOut>());
        _guest.Clients[2].Kick();
        Eventually.Holds(() => _files.Inside == 2, () => $"{_files.Inside} hang.");
        _ = _guest.Connection.GetVringBase(1);
        Assert.Equal(0, _guest.Clients[2].Getattr(1, out FuseAttrOut _));
        _files.BlockingGate.Set();
        Assert.Equal(-Errno.ENOENT, _guest.Clients[2].WaitFor(other));
    }

    [Fact]
    public void A_write_that_hangs_writes_what_it_was_given()
    {
        byte[] data = new byte[100_000];
        Random.Shared.NextBytes(data);
        FuseRequest stuck = _guest.Fuse.CreateRequest(argumentBytes: 64, dataBytes: data.Length);
        data.CopyTo(stuck.DataBuffer.Span);
        FuseWriteIn arguments = new() { Handle = 1, Size = (uint)data.Length };
        _guest.Fuse.Submit(stuck.Begin(FuseOpcode.Write, 2).Append(arguments).SendData(data.Length).Expect<FuseWriteOut>());
        _guest.Fuse.Kick();
        Eventually.Holds(() => _files.Inside == 1, () => "It does not hang.");
        _ = _guest.Stop();
        stuck.DataBuffer.Span.Clear();
        _files.BlockingGate.Set();
        _guest.Start();
        Assert.Equal(0, _guest.Fuse.WaitFor(stuck));
        Assert.Equal(data, _files.Written);
    }

    [Fact]
    public void A_front_end_that_goes_afterwards_is_followed_by_the_next_one()
    {
        _ = Hang();
        _ = _guest.Stop();
        _guest.Dispose();
        _files.BlockingGate.Set();
        using VirtioFsGuest next = VirtioFsGuest.ConnectAndMount(_share.Socket);
        Assert.Equal(0, next.Fuse.Getattr(1, out FuseAttrOut _));
    }

    [Fact]
    public async Task A_file_whose_closing_hangs_holds_up_nobody_who_looks_on_nor_the_share_s_end()
    {
        CancellationToken test = TestContext.Current.CancellationToken;
        Task<bool> closing = Task.Run(() => _share.Share.TryCloseFile(1), test);
        Eventually.Holds(() => _files.Inside == 1, () => "It does not hang.");
        Task<bool> looking = Task.Run(() => _share.Share.InspectSession() is not null && _share.Share.FindPath(1) is null, test);
        Assert.True(await looking.WaitAsync(s_limit, test));
        Assert.Equal(0, _guest.Fuse.Getattr(1, out FuseAttrOut _));
        Assert.True(await closing.WaitAsync(s_limit, test));
        _share.WaitForTrouble("closing it hangs");

        await Task.Run(_share.Share.Stop, test).WaitAsync(s_limit, test);
        Assert.Null(_share.Share.InspectSession());
        Assert.False(_files.IsDisposed, "A file system was let go of while a file of it was being closed.");
        _files.BlockingGate.Set();
        Eventually.Holds(() => _files.IsDisposed, () => "The file system was not let go of.");
        Assert.False(_share.Share.TryCloseFile(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_ring_of_a_guest_in_huge_pages_stops_too(bool sealable)
    {
        Assert.SkipUnless(VanishingMemoryTests.HasHugePages(), "The host has no free huge pages of 2 MiB.");
        GatedFileSystem files = new() { IsDead = true };
        using TemporaryShare share = new(null, files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(
            share.Socket, new GuestOptions { MemoryBytes = 8 << 20, LowMemoryBytes = 0, QueueSize = 64, MakeMemoryFile = size => SharedDescription.CreateHuge(size, sealable) });
        FuseRequest stuck = guest.Fuse.CreateRequest(argumentBytes: 64).Begin(FuseOpcode.Open, 2).Append(default(FuseOpenIn)).Expect<FuseOpenOut>();
        guest.Fuse.Submit(stuck);
        guest.Fuse.Kick();
        Eventually.Holds(() => files.Inside == 1, () => "It does not hang.");
        _ = guest.Stop();
        guest.Start();
        Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        files.BlockingGate.Set();
        Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(stuck));
    }

    private FuseRequest Hang()
    {
        FuseRequest stuck = Describe(FuseOpcode.Open);
        _guest.Fuse.Submit(stuck);
        _guest.Fuse.Kick();
        Eventually.Holds(() => _files.Inside == 1, () => "It does not hang.");
        return stuck;
    }

    private FuseRequest Describe(FuseOpcode opcode) =>
        _guest.Fuse.CreateRequest(argumentBytes: 64).Begin(opcode, 2).Append(default(FuseOpenIn)).Expect<FuseOpenOut>();

    private void AssertServes()
    {
        for (int i = 0; i < 300; i++)
        {
            Assert.Equal(0, _guest.Fuse.Getattr(1, out FuseAttrOut _));
        }
    }
}
