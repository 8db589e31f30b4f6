namespace VirtioFs.Linux.Tests;

public sealed class UnixSocketTests
{
    [Fact]
    public void Descriptors_travel_beside_bytes_and_are_the_receivers_own()
    {
        Assert.Equal(0, UnixSocket.CreatePair(out int first, out int second));
        using FileDescriptor left = new(first), right = new(second);
        using FileDescriptor sent = new(EventFd.Create());
        Assert.Equal(3, UnixSocket.Send(first, "abc"u8, [sent.Value]));
        Span<byte> bytes = stackalloc byte[10];
        Span<int> descriptors = stackalloc int[UnixSocket.MaximumDescriptors];
        Assert.Equal(3, UnixSocket.Receive(second, bytes, descriptors, out int count));
        Assert.Equal(1, count);
        using FileDescriptor received = new(descriptors[0]);
        Assert.NotEqual(sent.Value, received.Value);
        Assert.Equal(0, EventFd.Signal(received.Value));
        Assert.True(EventFd.Drain(sent.Value));
    }

    [Fact]
    public void Descriptors_that_find_no_room_are_closed_and_told()
    {
        Assert.Equal(0, UnixSocket.CreatePair(out int first, out int second));
        using FileDescriptor left = new(first), right = new(second);
        using FileDescriptor sent = new(EventFd.Create());
        int before = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        Assert.Equal(1, UnixSocket.Send(first, "x"u8, [sent.Value, sent.Value, sent.Value]));
        Span<byte> bytes = stackalloc byte[1];
        Span<int> descriptors = stackalloc int[1];
        Assert.Equal(-Errno.EMSGSIZE, UnixSocket.Receive(second, bytes, descriptors, out int count));
        Assert.Equal(1, count);
        FileDescriptor.Close(descriptors[0]);
        Assert.Equal(before, Directory.GetFileSystemEntries("/proc/self/fd").Length);
    }

    [Fact]
    public void Writing_to_a_peer_that_is_gone_is_an_error_and_no_signal()
    {
        Assert.Equal(0, UnixSocket.CreatePair(out int first, out int second));
        using FileDescriptor left = new(first);
        FileDescriptor.Close(second);
        Assert.Equal(-Errno.EPIPE, UnixSocket.Send(first, "x"u8));
        Span<byte> bytes = stackalloc byte[1];
        Assert.Equal(0, UnixSocket.Receive(first, bytes, [], out _));
    }

    [Fact]
    public void A_path_that_does_not_fit_an_address_is_too_long()
    {
        using FileDescriptor socket = new(UnixSocket.Create());
        Assert.Equal(-Errno.ENAMETOOLONG, UnixSocket.Bind(socket.Value, "/tmp/" + new string('x', 103)));
        Assert.Equal(-Errno.ENAMETOOLONG, UnixSocket.Bind(socket.Value, ""));
    }
}
