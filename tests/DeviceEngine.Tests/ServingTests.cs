using System.Text;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>An ordinary guest, in the order of messages of each front end.</summary>
public sealed class ServingTests
{
    private const ulong Root = 1;

    public static TheoryData<FrontEndKind> Kinds => [.. Enum.GetValues<FrontEndKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_guest_of_each_front_end_creates_and_reads_back_a_file(FrontEndKind kind)
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { FrontEnd = kind });
        WriteFile(guest.Fuse, "hello", "from the guest");
        Assert.Equal("from the guest", File.ReadAllText(share.FileAt("hello")));
        Assert.Equal(ShareState.Connected, share.Share.State);
        Assert.Null(share.Share.FaultReason);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_guest_of_each_front_end_reboots_on_the_same_connection(FrontEndKind kind)
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { FrontEnd = kind });
        for (int i = 0; i < 3; i++)
        {
            WriteFile(guest.Fuse, $"boot{i}", "again");
            guest.Reboot();
            guest.Mount();
        }

        Assert.Equal(3, Directory.GetFiles(share.Path).Length);
        Assert.Null(share.Share.FaultReason);
    }

    [Fact]
    public void Front_ends_that_come_one_after_the_other_each_get_a_session()
    {
        using TemporaryShare share = new();
        for (int i = 0; i < 5; i++)
        {
            using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
            WriteFile(guest.Fuse, $"session{i}", "hello");
        }

        share.WaitFor(ShareState.Waiting);
        Assert.Equal(5, share.Share.GetStatistics().Sessions);
        Assert.Equal(0, share.Share.GetStatistics().FailedSessions);
        Assert.Null(share.Share.FaultReason);
    }

    [Fact]
    public void Several_request_queues_work_at_once()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { RequestQueues = 4 });
        Parallel.For(1, 5, queue =>
        {
            for (int i = 0; i < 200; i++)
            {
                WriteFile(guest.Clients[queue], $"file{queue}-{i}", "content");
            }
        });
        Assert.Equal(800, Directory.GetFiles(share.Path).Length);
    }

    [Fact]
    public void Three_shares_serve_three_guests()
    {
        TemporaryShare[] shares = [new(), new(), new()];
        try
        {
            Parallel.ForEach(shares, share =>
            {
                using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
                for (int i = 0; i < 100; i++)
                {
                    WriteFile(guest.Fuse, $"file{i}", share.Share.Options.Tag);
                }
            });
            Assert.All(shares, share => Assert.Equal(100, Directory.GetFiles(share.Path).Length));
        }
        finally
        {
            Array.ForEach(shares, share => share.Dispose());
        }
    }

    [Fact]
    public void User_mode_linux_reads_tag_and_queues_from_the_configuration()
    {
        using TemporaryShare share = new(options => options with { Tag = "ein Täg", RequestQueues = 3 });
        using VirtioFsGuest guest = VirtioFsGuest.Connect(share.Socket, new GuestOptions { FrontEnd = FrontEndKind.UserModeLinux });
        byte[] configuration = guest.Connection.GetConfig(40);
        Assert.Equal("ein Täg", Encoding.UTF8.GetString(configuration.AsSpan(0, 36)).TrimEnd('\0'));
        Assert.Equal(3, BitConverter.ToInt32(configuration, 36));
        Assert.Empty(guest.Connection.GetConfig(41));
    }

    internal static void WriteFile(FuseClient fuse, string name, string text)
    {
        const uint ReadWrite = 2;
        Assert.Equal(0, fuse.Create(Root, name, ReadWrite, 0x81a4, out FuseCreateOut created));
        Assert.Equal(text.Length, fuse.Write(created.Entry.NodeId, created.Open.Handle, 0, Encoding.UTF8.GetBytes(text)));
        Assert.Equal(text.Length, fuse.Read(created.Entry.NodeId, created.Open.Handle, 0, 4096));
        Assert.Equal(0, fuse.Release(created.Entry.NodeId, created.Open.Handle));
        fuse.Forget(created.Entry.NodeId);
    }
}
