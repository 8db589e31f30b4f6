using VirtioFs.Frontend;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Rings that are set up, stopped, moved and asked in every allowed way.</summary>
public sealed class RingStateTests
{
    public static TheoryData<VirtioFeatures> RingFeatures =>
        [VirtioFeatures.Version1, VirtioFeatures.Version1 | VirtioFeatures.EventIndex,
            VirtioFeatures.Version1 | VirtioFeatures.IndirectDescriptors, VirtioFeatures.LinuxGuest];

    [Theory]
    [MemberData(nameof(RingFeatures))]
    public void Rings_work_with_and_without_each_feature(VirtioFeatures features)
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { Features = features, QueueSize = 16 });
        for (int i = 0; i < 300; i++)
        {
            ServingTests.WriteFile(guest.Fuse, $"file{i}", "text");
        }
    }

    [Fact]
    public void Indices_wrap_around()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { QueueSize = 4 });
        for (int i = 0; i < 70000; i++)
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }
    }

    [Fact]
    public void A_stopped_ring_says_where_it_was_and_goes_on_there()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        GuestQueue ring = guest.Queues[1];
        for (int i = 0; i < 10; i++)
        {
            ServingTests.WriteFile(guest.Fuse, $"file{i}", "text");
            ushort next = guest.Connection.GetVringBase(1);
            Assert.Equal(ring.AvailableIndex, next);
            guest.Connection.SetVringBase(1, next);
            guest.Connection.SetVringKick(1, ring.KickDescriptor);
        }

        Assert.Equal(10, Directory.GetFiles(share.Path).Length);
    }

    [Fact]
    public void A_disabled_ring_rests_until_it_is_enabled()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        guest.Connection.SetVringEnable(1, false);
        guest.Fuse.Submit(guest.Fuse.Call.Begin(FuseOpcode.Getattr, 1).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>());
        guest.Queues[1].KickAlways();
        Assert.False(guest.Queues[1].Wait(TimeSpan.FromMilliseconds(100)));
        guest.Connection.SetVringEnable(1, true);
        Assert.Equal(0, guest.Fuse.WaitFor(guest.Fuse.Call));
    }

    [Fact]
    public void A_ring_without_kick_descriptor_is_polled()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        guest.Connection.SetVringKick(1, -1);
        for (int i = 0; i < 100; i++)
        {
            guest.Fuse.Submit(guest.Fuse.Call.Begin(FuseOpcode.Getattr, 1).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>());
            Assert.Equal(0, guest.Fuse.WaitFor(guest.Fuse.Call));
        }
    }

    [Fact]
    public void A_guest_that_polls_for_answers_is_never_called()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        guest.SetCompletionWait(CompletionWait.Poll);
        long calls = share.Share.GetStatistics().Calls;
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        Assert.Equal(calls, share.Share.GetStatistics().Calls);
    }

    [Fact]
    public void Descriptors_of_a_running_ring_can_be_replaced()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        ProcessTally before = ProcessTally.Take();
        for (int i = 0; i < 50; i++)
        {
            guest.Connection.SetVringCall(1, guest.Queues[1].CallDescriptor);
            guest.Connection.SetVringKick(1, guest.Queues[1].KickDescriptor);
            guest.Connection.SetVringError(1, guest.Queues[1].CallDescriptor);
            ServingTests.WriteFile(guest.Fuse, $"file{i}", "text");
        }

        Assert.True(ProcessTally.Take().Descriptors.Length <= before.Descriptors.Length + 1);
    }

    [Fact]
    public void Rings_begin_enabled_where_protocol_features_were_not_agreed_on()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.Connect(share.Socket);
        guest.Stop();
        foreach (GuestQueue queue in guest.Queues)
        {
            queue.Clear();
            guest.Connection.SetVringBase(queue.Index, 0);
        }

        guest.Connection.SetFeatures(guest.Features & ~VirtioFeatures.VhostUserProtocol);
        foreach (GuestQueue queue in guest.Queues)
        {
            guest.Connection.SetVringKick(queue.Index, queue.KickDescriptor);
        }

        guest.Mount();
        ServingTests.WriteFile(guest.Fuse, "file", "text");
    }

    [Fact]
    public void A_reset_device_starts_over()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        ServingTests.WriteFile(guest.Fuse, "before", "text");
        guest.Connection.ResetDevice();
        Assert.Equal(0ul, guest.Connection.GetStatus());
        foreach (GuestQueue queue in guest.Queues)
        {
            queue.Clear();
        }

        guest.Start();
        Assert.Equal(-VirtioFs.Linux.Errno.EIO, guest.Fuse.Getattr(1, out FuseAttrOut _));
        guest.Mount();
        ServingTests.WriteFile(guest.Fuse, "after", "text");
    }

    [Fact]
    public void A_closed_kick_descriptor_stops_the_ring_with_the_reason()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        SharedDescription.MakePipe(out int theirs, out int ours);
        guest.Connection.SetVringKick(1, theirs);
        VirtioFs.Linux.FileDescriptor.Close(theirs);
        VirtioFs.Linux.FileDescriptor.Close(ours);
        share.WaitForTrouble("kick descriptor");
    }
}
