using System.Diagnostics;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.Fuse.Inspection;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>What a share does can be measured and watched, and costs little.</summary>
public sealed class ObservationTests
{
    private const uint ReadWrite = 2, RegularFile = 0x81a4;

    [Fact]
    public void Durations_are_measured_unless_that_is_switched_off_and_counts_go_on()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        DurationHistogram before = share.Share.CountOperations().Durations(VirtioFs.Fuse.Wire.FuseOpcode.GetAttributes)!;
        share.Share.MeasuresTimes = false;
        Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));

        VirtioFs.Fuse.Server.OperationCounters after = share.Share.CountOperations();

        Assert.Equal(1, before.Count);
        Assert.InRange(before.Percentile(0.5), 64, before.Longest);
        Assert.Equal(1, after.Durations(VirtioFs.Fuse.Wire.FuseOpcode.GetAttributes)!.Count);
        Assert.Equal(2, after.Answered(VirtioFs.Fuse.Wire.FuseOpcode.GetAttributes));
    }

    [Fact]
    public void A_watch_gets_each_request_with_who_asked_for_what()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        OperationWatch watch = new(100);
        share.Share.BeginWatch(watch);
        Assert.Equal(0, guest.Fuse.Create(1, "file", ReadWrite, RegularFile, out FuseCreateOut created));
        Assert.Equal(4, guest.Fuse.Write(created.Entry.NodeId, created.Open.Handle, 0, "text"u8));
        Assert.NotEqual(0, guest.Fuse.Lookup(1, "missing", out FuseEntryOut _));
        Assert.NotEqual(0, guest.Fuse.Lookup(1, new string('x', 300), out FuseEntryOut _));
        share.Share.EndWatch(watch);
        Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));

        Assert.True(watch.TryTake(out WatchedOperation made));
        Assert.Equal((VirtioFs.Fuse.Wire.FuseOpcode.Create, 1UL, "file", 0), (made.Opcode, made.Node, made.Name, made.Error));
        Assert.True(watch.TryTake(out WatchedOperation written));
        Assert.Equal((4L, created.Entry.NodeId, null), (written.Bytes, written.Node, written.Name));
        Assert.Equal(share.FileAt("file"), share.Share.FindPath(written.Node));
        Assert.True(watch.TryTake(out WatchedOperation missing));
        Assert.Equal((2, "missing"), (missing.Error, missing.Name));
        Assert.True(watch.TryTake(out WatchedOperation _));
        Assert.False(watch.TryTake(out WatchedOperation _));
        Assert.Equal(0, watch.Dropped);
    }

    [Fact]
    public void A_watch_that_nobody_empties_drops_and_counts_and_holds_nobody_up()
    {
        const int Capacity = 10, Requests = 50;
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        OperationWatch watch = new(Capacity);
        share.Share.BeginWatch(watch);
        for (int i = 0; i < Requests; i++)
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        Assert.Equal(Requests - Capacity, watch.Dropped);
        int taken = 0;
        while (watch.TryTake(out WatchedOperation _))
        {
            taken++;
        }

        Assert.Equal(Capacity, taken);
    }

    [Fact]
    public void A_percentile_is_known_to_an_eighth_of_itself()
    {
        DurationHistogram durations = new();
        for (int i = 1; i <= 1000; i++)
        {
            durations.Note(i * 1000);
        }

        Assert.InRange(durations.Percentile(0.5), 500_000, 500_000 * 9 / 8);
        Assert.InRange(durations.Percentile(0.99), 990_000, 1_000_000);
        Assert.Equal((1_000_000L, 1000L), (durations.Longest, durations.Count));
        DurationHistogram earlier = durations.Since(null);
        durations.Note(2_000);
        DurationHistogram since = durations.Since(earlier);
        Assert.Equal(1, since.Count);
        Assert.InRange(since.Longest, 2_000, 2_250);
        foreach (long extreme in (long[])[long.MinValue, -1, 0, 1, 63, 64, long.MaxValue])
        {
            durations.Note(extreme);
        }

        Assert.Equal(1008, durations.Count);
    }

    /// <summary>The share's own part of a small request: the best of many bursts counts, and on a busy machine it takes more of them to find it.</summary>
    [Fact]
    public void Measuring_times_costs_little()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest[] requests = [.. Enumerable.Range(0, 64).Select(_ => guest.Fuse.CreateRequest())];
        double off = double.MaxValue, on = double.MaxValue, watched = double.MaxValue;
        Stopwatch elapsed = Stopwatch.StartNew();
        for (int round = 0; round < 40 || (on > off * 1.15 && elapsed.Elapsed.TotalSeconds < 20); round++)
        {
            share.Share.MeasuresTimes = false;
            off = Math.Min(off, MicrosecondsOfBurst(guest, requests));
            share.Share.MeasuresTimes = true;
            on = Math.Min(on, MicrosecondsOfBurst(guest, requests));
            OperationWatch watch = new(100_000);
            share.Share.BeginWatch(watch);
            watched = Math.Min(watched, MicrosecondsOfBurst(guest, requests));
            share.Share.EndWatch(watch);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"A request takes {off:0.000} µs, measured {on:0.000} µs, watched {watched:0.000} µs.");
        Assert.InRange(on, 0, off * 1.15);
    }

    private static double MicrosecondsOfBurst(VirtioFsGuest guest, FuseRequest[] requests)
    {
        const int Rounds = 20;
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < Rounds; round++)
        {
            foreach (FuseRequest request in requests)
            {
                guest.Fuse.Submit(request.Begin(FuseOpcode.Getattr, 1).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>());
            }

            guest.Fuse.Kick();
            Array.ForEach(requests, request => guest.Fuse.WaitFor(request));
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / (requests.Length * Rounds);
    }
}
