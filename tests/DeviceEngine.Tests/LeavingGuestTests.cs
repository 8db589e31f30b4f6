using System.Globalization;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Guests that go away in the middle of slow requests, beside others whose files are open.</summary>
public sealed class LeavingGuestTests
{
    // Longer than two of the steps in which a share waits for the end of a session.
    private static readonly TimeSpan s_stuck = TimeSpan.FromMilliseconds(1000);
    private static readonly int s_rounds = int.Parse(Environment.GetEnvironmentVariable("VIRTIOFS_LEAVING_ROUNDS") ?? "2", CultureInfo.InvariantCulture);

    [Fact]
    public void No_descriptor_is_closed_twice_and_no_guest_reads_anothers_file()
    {
        const int Leaving = 8;
        long before = FileDescriptor.StrayCloses;
        using TemporaryShare first = new();
        using TemporaryShare second = new();
        using CancellationTokenSource end = new();
        List<Exception> faults = [];
        Thread[] readers = [new(() => ReadOwn(first, "first", end.Token)), new(() => ReadOwn(second, "second", end.Token))];
        Array.ForEach(readers, reader => reader.Start());
        Thread[] leavers = [.. Enumerable.Range(0, Leaving).Select(_ => new Thread(() => Catch(faults, LeaveAgainAndAgain)))];
        Array.ForEach(leavers, leaver => leaver.Start());
        Array.ForEach(leavers, leaver => leaver.Join());
        end.Cancel();
        Array.ForEach(readers, reader => reader.Join());
        Assert.Empty(faults);
        Assert.Equal(before, FileDescriptor.StrayCloses);

        void ReadOwn(TemporaryShare share, string secret, CancellationToken over) => Catch(faults, () => ReadUntil(share, secret, over));
    }

    [Fact]
    public void A_given_socket_is_closed_once_when_its_share_cannot_start()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vfs-leaving-");
        string path = Path.Combine(folder.FullName, "socket");
        int listener = (int)LinuxException.Check(UnixSocket.Create(), "Making a socket failed");
        _ = LinuxException.Check(UnixSocket.Bind(listener, path), "Binding a socket failed");
        long before = FileDescriptor.StrayCloses;
        ShareOptions options = new() { Path = folder.FullName, Tag = "leaving", SocketPath = path, ListenDescriptor = listener };
        Assert.Throws<ArgumentException>(() => Share.Start(options));
        Assert.Equal(-Errno.EBADF, SocketOptions.SetNonBlocking(listener));
        Assert.Equal(before, FileDescriptor.StrayCloses);
        folder.Delete(recursive: true);
    }

    private static void LeaveAgainAndAgain()
    {
        for (int round = 0; round < s_rounds; round++)
        {
            GatedFileSystem files = new() { IsDead = true };
            using TemporaryShare share = new(fileSystem: files);
            using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { RequestQueues = 2 }))
            {
                FuseRequest request = guest.Fuse.CreateRequest();
                guest.Fuse.Submit(request.Begin(FuseOpcode.Open, 2).Append(default(FuseOpenIn)).Expect<FuseOpenOut>());
                guest.Fuse.Kick();
                Eventually.Holds(() => files.Inside == 1, () => "The request is not inside.");
            }

            Thread.Sleep(s_stuck);
            files.BlockingGate.Set();
            share.WaitFor(ShareState.Waiting);
        }
    }

    private static void ReadUntil(TemporaryShare share, string secret, CancellationToken end)
    {
        File.WriteAllText(share.FileAt("file"), secret);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        Assert.Equal(0, guest.Fuse.Lookup(1, "file", out FuseEntryOut entry));
        while (!end.IsCancellationRequested)
        {
            Assert.Equal(0, guest.Fuse.Open(entry.NodeId, 0, out FuseOpenOut open));
            for (int i = 0; i < 10; i++)
            {
                Assert.Equal(secret.Length, guest.Fuse.Read(entry.NodeId, open.Handle, 0, 64));
                Assert.Equal(secret, System.Text.Encoding.UTF8.GetString(guest.Fuse.Call.Data));
            }

            Assert.Equal(0, guest.Fuse.Release(entry.NodeId, open.Handle));
        }
    }

    private static void Catch(List<Exception> faults, Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // The test thread reports what it saw.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            lock (faults)
            {
                faults.Add(fault);
            }
        }
    }
}
