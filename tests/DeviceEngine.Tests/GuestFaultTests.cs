using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Guests that break the rules of their rings: the ring is stopped with the reason, everything else goes on.</summary>
public sealed class GuestFaultTests : IDisposable
{
    private const ulong Nowhere = 0x7fff_0000_0000;
    private readonly TemporaryShare _share = new();
    private readonly VirtioFsGuest _guest;
    private readonly int _error = EventFd.Create();

    public GuestFaultTests()
    {
        _guest = VirtioFsGuest.ConnectAndMount(_share.Socket, new GuestOptions { RequestQueues = 2 });
        _guest.Connection.SetVringError(1, _error);
    }

    private GuestQueue Ring => _guest.Queues[1];

    public void Dispose()
    {
        _guest.Dispose();
        _share.Dispose();
        FileDescriptor.Close(_error);
    }

    [Fact]
    public void A_chain_that_runs_in_a_loop_stops_its_ring()
    {
        Ring.Descriptor(500) = Readable(next: 501);
        Ring.Descriptor(501) = Readable(next: 500);
        Offer(500);
        IsStopped("loop");
    }

    [Fact]
    public void A_descriptor_that_names_itself_stops_its_ring()
    {
        Ring.Descriptor(500) = Readable(next: 500);
        Offer(500);
        IsStopped("loop");
    }

    [Fact]
    public void A_head_outside_of_the_ring_stops_it()
    {
        Offer(60000);
        IsStopped("descriptor 60000 of a ring that has 1024");
    }

    [Fact]
    public void A_next_outside_of_the_ring_stops_it()
    {
        Ring.Descriptor(500) = Readable(next: 1024);
        Offer(500);
        IsStopped("descriptor 1024");
    }

    [Fact]
    public void An_index_that_jumps_stops_the_ring()
    {
        Ring.AvailableIndex += 2000;
        Ring.KickAlways();
        IsStopped("2000 chains wait in a ring of 1024");
    }

    [Fact]
    public void A_readable_descriptor_after_a_writable_one_stops_the_ring()
    {
        Ring.Descriptor(500) = Readable(next: 501) with { Flags = DescriptorFlags.Write | DescriptorFlags.Next };
        Ring.Descriptor(501) = Readable();
        Offer(500);
        IsStopped("readable descriptor after a writable one");
    }

    [Theory]
    [InlineData(0u, "0 bytes")]
    [InlineData(17u, "17 bytes")]
    [InlineData(uint.MaxValue - 15, "descriptors;")]
    public void An_indirect_table_of_a_wrong_size_stops_the_ring(uint size, string reason)
    {
        Ring.Descriptor(500) = new RingDescriptor(Buffer(4096).GuestAddress, size, DescriptorFlags.Indirect, 0);
        Offer(500);
        IsStopped(reason);
    }

    [Fact]
    public void An_indirect_table_outside_of_memory_stops_the_ring()
    {
        Ring.Descriptor(500) = new RingDescriptor(Nowhere, 32, DescriptorFlags.Indirect, 0);
        Offer(500);
        IsStopped("not in the guest's memory");
    }

    [Fact]
    public void An_indirect_table_that_names_another_stops_the_ring()
    {
        GuestBuffer table = Buffer(64);
        table.At<RingDescriptor>(0) = new RingDescriptor(table.GuestAddress, 32, DescriptorFlags.Indirect, 0);
        Ring.Descriptor(500) = new RingDescriptor(table.GuestAddress, 32, DescriptorFlags.Indirect, 0);
        Offer(500);
        IsStopped("names another one");
    }

    [Fact]
    public void An_indirect_table_that_runs_in_a_loop_stops_the_ring()
    {
        GuestBuffer table = Buffer(64);
        table.At<RingDescriptor>(0) = Readable(next: 1);
        table.At<RingDescriptor>(16) = Readable(next: 0);
        Ring.Descriptor(500) = new RingDescriptor(table.GuestAddress, 32, DescriptorFlags.Indirect, 0);
        Offer(500);
        IsStopped("loop");
    }

    [Fact]
    public void An_indirect_descriptor_with_a_next_one_stops_the_ring()
    {
        Ring.Descriptor(500) = new RingDescriptor(Buffer(64).GuestAddress, 32, DescriptorFlags.Indirect | DescriptorFlags.Next, 1);
        Offer(500);
        IsStopped("indirect and has a next one");
    }

    [Fact]
    public void Random_rings_never_hurt_the_other_ring_or_the_next_session()
    {
        Random random = new(7);
        GuestQueue ring = Ring;
        for (int round = 0; round < 60; round++)
        {
            for (int i = 0; i < ring.Size; i++)
            {
                ulong address = random.Next(3) == 0 ? (ulong)random.NextInt64() : _guest.Memory.Regions[1].Description.GuestAddress + (ulong)random.Next(1 << 24);
                ring.Descriptor(i) = new RingDescriptor(address, (uint)random.Next(1 << random.Next(31)), (DescriptorFlags)random.Next(8), (ushort)random.Next(ring.Size));
                ring.AvailableEntry(i) = (ushort)random.Next(ring.Size);
            }

            ring.AvailableIndex += (ushort)random.Next(ring.Size);
            ring.KickAlways();
            ServingTests.WriteFile(_guest.Clients[2], $"fine{round}", "text");
            _ = _guest.Connection.GetVringBase(1);
            ring.Clear();
            _guest.Connection.SetVringBase(1, 0);
            _guest.Connection.SetVringKick(1, ring.KickDescriptor);
        }

        _guest.Dispose();
        _share.WaitFor(ShareState.Waiting);
        using VirtioFsGuest next = VirtioFsGuest.ConnectAndMount(_share.Socket);
        ServingTests.WriteFile(next.Fuse, "next", "text");
    }

    [Theory]
    [InlineData(FrontEndKind.CloudHypervisor)]
    [InlineData(FrontEndKind.UserModeLinux)]
    public void A_stopped_ring_works_again_whatever_the_front_end_resets_it_by(FrontEndKind frontEnd)
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { FrontEnd = frontEnd });
        guest.Queues[1].Publish(60000);
        guest.Queues[1].KickAlways();
        share.WaitForTrouble("descriptor 60000");
        guest.Reboot();
        guest.Mount();
        ServingTests.WriteFile(guest.Fuse, "file", "text");
    }

    [Fact]
    public void A_stopped_ring_works_again_after_it_was_reset()
    {
        Offer(60000);
        IsStopped("60000");
        Assert.True((_guest.Connection.GetStatus() & 0x40) != 0);
        _guest.Reboot();
        _guest.Mount();
        Assert.True((_guest.Connection.GetStatus() & 0x40) == 0);
        ServingTests.WriteFile(_guest.Fuse, "again", "text");
    }

    [Fact]
    public void A_reply_outside_of_memory_fails_its_request_only()
    {
        Assert.Equal(0, _guest.Fuse.Create(1, "file", 2, 0x81a4, out FuseCreateOut created));
        Assert.Equal(4, _guest.Fuse.Write(created.Entry.NodeId, created.Open.Handle, 0, "data"u8));

        FuseReadIn read = new() { Handle = created.Open.Handle, Size = 4 };
        FuseRequest request = _guest.Fuse.CreateRequest();
        _guest.Fuse.Prepare(request.Begin(FuseOpcode.Read, created.Entry.NodeId).Append(read));
        GuestBuffer header = Buffer(80);
        header.At<FuseInHeader>(0) = request.Header;
        header.At<FuseReadIn>(40) = read;
        GuestBuffer reply = Buffer(16);
        Ring.Descriptor(500) = new RingDescriptor(header.GuestAddress, 80, DescriptorFlags.Next, 501);
        Ring.Descriptor(501) = new RingDescriptor(reply.GuestAddress, 16, DescriptorFlags.Next | DescriptorFlags.Write, 502);
        Ring.Descriptor(502) = new RingDescriptor(Nowhere, 4096, DescriptorFlags.Write, 0);
        Offer(500);
        Assert.True(Ring.Wait(TimeSpan.FromSeconds(5)));
        Assert.True(Ring.TryTakeRaw(out UsedElement used));
        Assert.Equal(500u, used.Head);
        Assert.Equal(16u, used.Length);
        Assert.Equal(-Errno.EFAULT, reply.At<FuseOutHeader>(0).Error);
        Assert.Equal(request.Header.Unique, reply.At<FuseOutHeader>(0).Unique);
        Assert.Equal(1, _share.Share.GetStatistics().RefusedRequests);
        Assert.Null(_share.Share.FaultReason);
        Assert.Equal(0, _guest.Fuse.Getattr(1, out FuseAttrOut _));
    }

    [Fact]
    public void A_request_of_which_nothing_is_in_memory_is_given_back_empty()
    {
        Ring.Descriptor(500) = new RingDescriptor(Nowhere, 40, DescriptorFlags.Next, 501);
        Ring.Descriptor(501) = new RingDescriptor(ulong.MaxValue - 3, 4096, DescriptorFlags.Write, 0);
        Offer(500);
        Assert.True(Ring.Wait(TimeSpan.FromSeconds(5)));
        Assert.True(Ring.TryTakeRaw(out UsedElement used));
        Assert.Equal((500u, 0u), (used.Head, used.Length));
        Assert.Equal(0, _guest.Fuse.Getattr(1, out FuseAttrOut _));
    }

    [Fact]
    public void Empty_descriptors_are_passed_over()
    {
        GuestBuffer empty = Buffer(16);
        Ring.Descriptor(500) = new RingDescriptor(empty.GuestAddress, 0, DescriptorFlags.None, 0);
        Offer(500);
        Assert.True(Ring.Wait(TimeSpan.FromSeconds(5)));
        Assert.Equal(0, _guest.Clients[2].Getattr(1, out FuseAttrOut _));
        Assert.Null(_share.Share.FaultReason);
    }

    private RingDescriptor Readable(int? next = null) =>
        new(Buffer(64).GuestAddress, 64, next is null ? DescriptorFlags.None : DescriptorFlags.Next, (ushort)(next ?? 0));

    private GuestBuffer Buffer(int size) => _guest.Memory.Allocate(size, 16);

    private void Offer(int head)
    {
        Ring.Publish((ushort)head);
        Ring.KickAlways();
    }

    private void IsStopped(string reason)
    {
        _share.WaitForTrouble(reason);
        Eventually.Holds(() => EventFd.Drain(_error), () => "The error descriptor was not signalled.");
        Assert.Equal(ShareState.Connected, _share.Share.State);
        Assert.Contains(_share.Share.Guest!.Queues, queue => queue.Index == 1 && queue.FaultReason is not null);
        ServingTests.WriteFile(_guest.Clients[2], "fine", "text");
    }
}
