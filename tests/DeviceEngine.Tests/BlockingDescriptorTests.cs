using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Descriptors of a front end that make whoever uses them wait: neither the share nor the next front end does.</summary>
public sealed class BlockingDescriptorTests
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_call_descriptor_that_blocks_does_not_keep_the_share_from_stopping(int requestQueues)
    {
        ProcessTally before = ProcessTally.Take();
        using (TemporaryShare share = new())
        {
            using VirtioFsGuest guest = Connect(share, requestQueues);
            Block(guest);
            long start = Stopwatch.GetTimestamp();
            share.Share.Stop();
            Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, s_bound);
            Assert.Null(share.Share.FaultReason);
        }

        before.IsReachedAgain();
    }

    [Fact]
    public void A_call_descriptor_that_blocks_leaves_the_next_front_end_alone()
    {
        using TemporaryShare share = new();
        for (int i = 0; i < 10; i++)
        {
            using VirtioFsGuest guest = Connect(share, 1);
            Block(guest);
        }

        using VirtioFsGuest next = Connect(share, 1);
        Assert.Equal(0, next.Fuse.Getattr(1, out FuseAttrOut _));
    }

    [Fact]
    public void A_call_descriptor_that_others_wait_for_too_leaves_the_next_front_end_alone()
    {
        using TemporaryShare share = new();
        using FileDescriptor counter = new(EventFd.Create());
        Thread[] others = new Thread[20];
        using (VirtioFsGuest guest = Connect(share, 1))
        {
            guest.Connection.SetVringCall(1, counter.Value);
            SharedDescription.MakeBlocking(counter.Value);
            SharedDescription.Fill(counter.Value);
            for (int i = 0; i < others.Length; i++)
            {
                others[i] = new Thread(() => SharedDescription.Fill(counter.Value)) { IsBackground = true };
                others[i].Start();
            }

            Send(guest);
        }

        using (VirtioFsGuest next = Connect(share, 1))
        {
            Assert.Equal(0, next.Fuse.Getattr(1, out FuseAttrOut _));
        }

        foreach (Thread other in others)
        {
            while (!other.Join(0))
            {
                _ = EventFd.Drain(counter.Value);
            }
        }
    }

    [Fact]
    public void A_ring_whose_call_descriptor_blocks_is_stopped_with_the_reason_and_served_again_with_another()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = Connect(share, 1);
        Block(guest);
        guest.Connection.SetVringEnable(1, false);
        share.WaitForTrouble("call descriptor blocks");
        GuestQueue queue = guest.Queues[1];
        _ = guest.Stop();
        foreach (GuestQueue each in guest.Queues)
        {
            each.Clear();
        }

        _ = SocketOptions.SetNonBlocking(queue.CallDescriptor);
        _ = EventFd.Drain(queue.CallDescriptor);
        guest.Start();
        guest.Mount();
        ServingTests.WriteFile(guest.Fuse, "file", "text");
    }

    [Fact]
    public void An_error_descriptor_that_blocks_leaves_the_next_front_end_alone()
    {
        using TemporaryShare share = new();
        using FileDescriptor error = new(EventFd.Create());
        using (VirtioFsGuest guest = Connect(share, 1))
        {
            guest.Connection.SetVringError(1, error.Value);
            SharedDescription.Fill(error.Value);
            SharedDescription.MakeBlocking(error.Value);
            guest.Queues[1].Publish(60000);
            guest.Queues[1].KickAlways();
            share.WaitForTrouble("descriptor 60000");
        }

        using VirtioFsGuest next = Connect(share, 1);
        Assert.Equal(0, next.Fuse.Getattr(1, out FuseAttrOut _));
    }

    [Fact]
    public void A_kick_that_somebody_else_takes_does_not_hold_up_the_ring()
    {
        using TemporaryShare share = new(options => options with { PollMicroseconds = 0 });
        using VirtioFsGuest guest = Connect(share, 1);
        GuestQueue queue = guest.Queues[1];
        SharedDescription.MakeBlocking(queue.KickDescriptor);
        for (int i = 0; i < 2000; i++)
        {
            queue.KickAlways();
            _ = EventFd.Drain(queue.KickDescriptor);
        }

        // Stopping waits for the worker's rest, without a kick.
        long start = Stopwatch.GetTimestamp();
        _ = guest.Connection.GetVringBase(1);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, s_bound);
    }

    [Fact]
    public void A_pipe_can_be_called_by_and_may_be_full_and_blocking()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = Connect(share, 1);
        SharedDescription.MakePipe(out int reader, out int writer);
        guest.Connection.SetVringCall(1, writer);
        Send(guest);
        PollEntry[] called = [new PollEntry { Descriptor = reader, Events = Poll.Readable }];
        Assert.Equal(1, Poll.Wait(called, 5000));

        SharedDescription.MakeBlocking(writer);
        SharedDescription.FillPipe(writer);
        Send(guest);
        GuestQueue queue = guest.Queues[1];
        Eventually.Holds(() => queue.HasUsed, () => "The request was not answered.");
        Assert.True(SharedDescription.IsBlocking(writer));
        _ = guest.Connection.GetVringBase(1);
        Assert.Null(share.Share.FaultReason);
        FileDescriptor.Close(reader);
        FileDescriptor.Close(writer);
    }

    // User-Mode Linux: arch/um/os-Linux/file.c os_pipe makes a pair of sockets.
    [Fact]
    public void A_socket_can_be_called_by_and_may_be_full_and_blocking()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = Connect(share, 1);
        _ = UnixSocket.CreatePair(out int reader, out int writer);
        guest.Connection.SetVringCall(1, writer);
        Send(guest);
        PollEntry[] called = [new PollEntry { Descriptor = reader, Events = Poll.Readable }];
        Assert.Equal(1, Poll.Wait(called, 5000));

        SharedDescription.FillPipe(writer);
        Assert.True(SharedDescription.IsBlocking(writer));
        Send(guest);
        GuestQueue queue = guest.Queues[1];
        Eventually.Holds(() => queue.HasUsed, () => "The request was not answered.");
        _ = guest.Connection.GetVringBase(1);
        Assert.Null(share.Share.FaultReason);
        FileDescriptor.Close(reader);
        FileDescriptor.Close(writer);
    }

    [Fact]
    public void A_call_socket_whose_other_end_is_closed_keeps_no_answer_back()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = Connect(share, 1);
        _ = UnixSocket.CreatePair(out int reader, out int writer);
        guest.Connection.SetVringCall(1, writer);
        FileDescriptor.Close(reader);
        FileDescriptor.Close(writer);
        Send(guest);
        GuestQueue queue = guest.Queues[1];
        Eventually.Holds(() => queue.HasUsed, () => "The request was not answered.");
        Assert.Null(share.Share.FaultReason);
    }

    [Theory]
    [InlineData("/tmp")]
    [InlineData("/dev/null")]
    [InlineData("/dev/ptmx")]
    [InlineData("/proc/self/status")]
    public void What_is_neither_a_counter_nor_a_pipe_is_refused(string path)
    {
        using FileDescriptor file = new(Files.Open(path, OpenFlags.ReadOnly));
        AssertIsRefused(file.Value);
    }

    [Fact]
    public void Sockets_of_the_network_and_memory_are_refused_for_kicks_calls_and_errors()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using FileDescriptor memory = new(SharedMemory.Create("guest-memory-none", 4096));
        AssertIsRefused((int)socket.Handle);
        AssertIsRefused(memory.Value);
    }

    [Fact]
    public void Sockets_are_refused_for_kicks()
    {
        _ = UnixSocket.CreatePair(out int first, out int second);
        AssertIsRefused(first, VhostUserRequest.SetVringKick);
        FileDescriptor.Close(first);
        FileDescriptor.Close(second);
    }

    [Theory]
    [InlineData(VhostUserRequest.SetVringCall)]
    [InlineData(VhostUserRequest.SetBackendReqFd)]
    [InlineData(VhostUserRequest.AddMemReg)]
    public void A_descriptor_whose_closing_waits_leaves_the_next_front_end_alone(VhostUserRequest request)
    {
        using TemporaryShare share = new();
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int lingering = MakeLingering((IPEndPoint)listener.LocalEndpoint);
        using (VhostUserConnection connection = VhostUserConnection.Connect(share.Socket))
        {
            byte[] payload = request switch
            {
                VhostUserRequest.SetVringCall => BitConverter.GetBytes(1ul),
                VhostUserRequest.AddMemReg => new byte[40],
                _ => [],
            };

            // The message's last byte comes when the back end is the only one who has the descriptor.
            VhostUserHeader header = new() { Request = request, Flags = 1, Size = (uint)payload.Length };
            byte[] bytes = [.. MemoryMarshal.AsBytes(new ReadOnlySpan<VhostUserHeader>(in header)), .. payload];
            _ = connection.SendBytes(bytes.AsSpan()[..^1], [lingering]);
            FileDescriptor.Close(lingering);
            _ = connection.SendBytes(bytes.AsSpan()[^1..]);
        }

        using VirtioFsGuest next = Connect(share, 1);
        Assert.Equal(0, next.Fuse.Getattr(1, out FuseAttrOut _));
        long start = Stopwatch.GetTimestamp();
        share.Share.Stop();
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, s_bound);
    }

    // A connection whose last close waits for as long as its peer does not read.
    private static int MakeLingering(IPEndPoint peer)
    {
        const int LingerSeconds = 60;
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(peer);
        socket.LingerState = new LingerOption(true, LingerSeconds);
        socket.Blocking = false;
        byte[] data = new byte[1 << 16];
        SocketError error = SocketError.Success;
        while (error == SocketError.Success)
        {
            _ = socket.Send(data, 0, data.Length, SocketFlags.None, out error);
        }

        return Files.Duplicate((int)socket.Handle);
    }

    private static void AssertIsRefused(int descriptor) =>
        AssertIsRefused(descriptor, VhostUserRequest.SetVringKick, VhostUserRequest.SetVringCall, VhostUserRequest.SetVringErr);

    private static void AssertIsRefused(int descriptor, params ReadOnlySpan<VhostUserRequest> requests)
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = Connect(share, 1);
        foreach (VhostUserRequest request in requests)
        {
            Assert.NotEqual(0ul, guest.Connection.TellForResult(request, BitConverter.GetBytes(1ul), [descriptor]));
            share.WaitForTrouble("neither an event descriptor");
        }

        ServingTests.WriteFile(guest.Fuse, "still", "here");
    }

    private static VirtioFsGuest Connect(TemporaryShare share, int requestQueues) =>
        VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { RequestQueues = requestQueues, Patience = TimeSpan.FromSeconds(5) });

    private static void Block(VirtioFsGuest guest)
    {
        foreach (GuestQueue queue in guest.Queues)
        {
            _ = EventFd.Drain(queue.CallDescriptor);
            SharedDescription.Fill(queue.CallDescriptor);
            Assert.False(EventFd.HasRoom(queue.CallDescriptor));
            SharedDescription.MakeBlocking(queue.CallDescriptor);
        }

        Send(guest);
        GuestQueue first = guest.Queues[1];
        Eventually.Holds(() => first.HasUsed, () => "The request was not answered.");
    }

    // A request whose answer nobody waits for, but wants to be called for.
    private static void Send(VirtioFsGuest guest)
    {
        GuestBuffer buffer = guest.Memory.Allocate(4096);
        buffer.At<FuseInHeader>(0) = new FuseInHeader { Length = 40, Opcode = (uint)FuseOpcode.Statfs, NodeId = 1, Unique = 99 };
        GuestQueue queue = guest.Queues[1];
        _ = queue.TryArmCall();
        Assert.True(queue.TryAdd([buffer.Slice(0, 40)], [buffer.Slice(64, 1024)], 0));
        queue.KickAlways();
    }
}
