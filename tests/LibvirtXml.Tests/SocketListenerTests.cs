using System.Net.Sockets;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class SocketListenerTests
{
    /// <summary>A line of /proc/net/unix as it looks for a socket that listens.</summary>
    private const string ForgedLine = "\n0000000000000000: 00000002 00000000 00010000 0001 01 4711 ";

    [Fact]
    public void A_line_that_somebody_puts_into_the_kernels_list_makes_no_stale_socket_look_alive()
    {
        using TemporaryFolder folder = new();
        string stale = Path.Combine(folder.Path, "s");
        LeaveBehind(stale);

        using Socket forger = Bind(Abstract(ForgedLine + stale), listens: true);

        Assert.False(SocketListener.IsListening(stale));
        Assert.Equal("SocketNotAccepting", Assert.Throws<DomainRuleException>(() => SocketListener.Require(stale)).ErrorId);
    }

    [Theory]
    [InlineData("\nno numbers at all in this line that somebody made")]
    [InlineData("\nx: y z FFFFFFFFFFFFFFFFFF q 1 2 3")]
    [InlineData("\n")]
    public void A_line_without_sense_in_the_kernels_list_hinders_nobody(string name)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "s");
        using Socket nuisance = Bind(Abstract(name), listens: true);
        using Socket socket = Bind(path, listens: true);

        SocketListener.Require(path);
    }

    [Fact]
    public void A_socket_of_the_same_name_in_another_folder_is_another_socket()
    {
        using TemporaryFolder folder = new();
        string stale = Path.Combine(folder.Path, "s");
        string other = Path.Combine(folder.Path, "below", "s");
        Directory.CreateDirectory(Path.GetDirectoryName(other)!);
        LeaveBehind(stale);

        using Socket socket = Bind(other, listens: true);

        Assert.False(SocketListener.IsListening(stale));
        Assert.True(SocketListener.IsListening(other));
        File.Delete(stale);
        File.CreateSymbolicLink(stale, other);
        Assert.True(SocketListener.IsListening(stale));
    }

    [Fact]
    public void A_socket_that_was_bound_by_another_name_of_its_file_is_found()
    {
        using TemporaryFolder folder = new();
        string first = Path.Combine(folder.Path, "first");
        using Socket socket = Bind(first, listens: true);
        string second = Path.Combine(folder.Path, "second");
        File.Move(first, second);

        Assert.True(SocketListener.IsListening(second));
        Assert.False(SocketListener.IsListening(first));
    }

    [Fact]
    public void A_listener_whose_file_was_replaced_is_not_the_new_files()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "s");
        using Socket forgotten = Bind(path, listens: true);
        File.Delete(path);
        LeaveBehind(path);

        Assert.False(SocketListener.IsListening(path));
        File.Delete(path);
        File.WriteAllText(path, string.Empty);
        Assert.False(SocketListener.IsListening(path));
    }

    [Fact]
    public void A_thousand_listeners_are_not_too_many()
    {
        using TemporaryFolder folder = new();
        List<Socket> sockets = [];
        try
        {
            for (int number = 0; number < 1000; number++)
            {
                sockets.Add(Bind(Path.Combine(folder.Path, $"{number}"), listens: true));
            }

            Assert.True(SocketListener.IsListening(Path.Combine(folder.Path, "0")));
            Assert.True(SocketListener.IsListening(Path.Combine(folder.Path, "999")));
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    /// <summary>Makes the file of a socket that nobody has any more; a socket takes the name that it was bound to with it.</summary>
    private static void LeaveBehind(string path)
    {
        using Socket socket = Bind(path + ".new", listens: true);
        File.Move(path + ".new", path);
    }

    private static string Abstract(string name) => "\0" + name;

    private static Socket Bind(string path, bool listens = false)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        if (listens)
        {
            socket.Listen(1);
        }

        return socket;
    }
}
