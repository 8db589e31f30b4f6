using System.Diagnostics;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Starting, stopping, sockets, and who may have them.</summary>
public sealed class LifetimeTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vfs-lifetime-");

    private ShareOptions Options => new() { Path = _folder.FullName, Tag = "lifetime", SocketPath = Path.Combine(_folder.FullName, "s") };

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_share_that_is_stopped_leaves_no_thread_mapping_descriptor_or_socket()
    {
        using (Share.Start(Options))
        {
            // The first one brings the runtime's own descriptors along.
        }

        ProcessTally before = ProcessTally.Take();
        for (int i = 0; i < 3; i++)
        {
            Share share = Share.Start(Options);
            using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Options.SocketPath, new GuestOptions { RequestQueues = 2 }))
            {
                ServingTests.WriteFile(guest.Fuse, $"file{i}", "text");
                share.Stop();
            }

            Assert.Equal(ShareState.Stopped, share.State);
            Assert.False(File.Exists(share.Options.SocketPath));
            Assert.Null(share.FaultReason);
            Assert.DoesNotContain(share, ShareRegistry.List());
        }

        before.IsReachedAgain();
    }

    [Fact]
    public void Sessions_that_come_and_go_lose_nothing()
    {
        using TemporaryShare share = new();
        Visit(share);
        share.WaitFor(ShareState.Waiting);
        ProcessTally before = ProcessTally.Take();
        for (int i = 0; i < 20; i++)
        {
            Visit(share);
        }

        share.WaitFor(ShareState.Waiting);
        before.IsReachedAgain();

        static void Visit(TemporaryShare share)
        {
            using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }
    }

    [Fact]
    public void Stopping_under_load_takes_less_than_a_second()
    {
        ProcessTally before = ProcessTally.Take();
        for (int i = 0; i < 5; i++)
        {
            TemporaryShare share = new();
            using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { RequestQueues = 2 });
            guest.Fuse.Patience = guest.Clients[2].Patience = TimeSpan.FromSeconds(1);
            Thread[] threads = [new(() => Hammer(guest.Clients[1])), new(() => Hammer(guest.Clients[2]))];
            Array.ForEach(threads, thread => thread.Start());
            Eventually.Holds(() => share.Share.GetStatistics().Requests > 1000, () => "The guest did not get going.");
            long start = Stopwatch.GetTimestamp();
            share.Share.Stop();
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(1));
            Array.ForEach(threads, thread => thread.Join());
            share.Dispose();
        }

        before.IsReachedAgain();

        static void Hammer(FuseClient fuse)
        {
            try
            {
                for (int i = 0; ; i++)
                {
                    ServingTests.WriteFile(fuse, $"f{fuse.Queue.Index}-{i}", "data");
                }
            }
            catch (BackEndException)
            {
                // The back end has gone, as it should.
            }
        }
    }

    [Fact]
    public void A_stale_socket_is_replaced()
    {
        int stale = UnixSocket.Create();
        Assert.Equal(0, UnixSocket.Bind(stale, Options.SocketPath));
        Assert.Equal(0, UnixSocket.Listen(stale, 1));
        FileDescriptor.Close(stale);
        Assert.True(File.Exists(Options.SocketPath));
        using Share share = Share.Start(Options);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Options.SocketPath);
    }

    [Fact]
    public void A_socket_that_somebody_listens_on_is_left_alone()
    {
        int listener = UnixSocket.Create();
        try
        {
            Assert.Equal(0, UnixSocket.Bind(listener, Options.SocketPath));
            Assert.Equal(0, UnixSocket.Listen(listener, 1));
            SocketPathException refusal = Assert.Throws<SocketPathException>(() => Share.Start(Options));
            Assert.Equal(SocketPathProblem.InUse, refusal.Problem);
            Assert.Contains(Options.SocketPath, refusal.Message, StringComparison.Ordinal);

            // It was not even connected to: there is nobody to accept.
            Assert.Equal(0, SocketOptions.SetNonBlocking(listener));
            Assert.Equal(-Errno.EAGAIN, UnixSocket.Accept(listener));
        }
        finally
        {
            FileDescriptor.Close(listener);
        }
    }

    [Fact]
    public void A_socket_that_is_bound_and_does_not_listen_yet_is_left_alone()
    {
        using FileDescriptor early = new(UnixSocket.Create());
        Assert.Equal(0, UnixSocket.Bind(early.Value, Options.SocketPath));
        SocketPathException refusal = Assert.Throws<SocketPathException>(() => Share.Start(Options));
        Assert.Equal(SocketPathProblem.InUse, refusal.Problem);
        Assert.Equal(0, UnixSocket.Listen(early.Value, 1));
        using FileDescriptor frontEnd = new(UnixSocket.Create());
        Assert.Equal(0, UnixSocket.Connect(frontEnd.Value, Options.SocketPath));
    }

    [Fact]
    public void A_stale_socket_of_another_user_is_left_alone()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root gives files away.");
        using (FileDescriptor stale = new(UnixSocket.Create()))
        {
            Assert.Equal(0, UnixSocket.Bind(stale.Value, Options.SocketPath));
        }

        using (FileDescriptor file = new(Files.Open(Options.SocketPath, OpenFlags.Path)))
        {
            Assert.Equal(0, PathCalls.ChangeOwner(file.Value, 1234, null));
        }

        SocketPathException refusal = Assert.Throws<SocketPathException>(() => Share.Start(Options));
        Assert.Equal(SocketPathProblem.NotOurs, refusal.Problem);
        Assert.True(Path.Exists(Options.SocketPath));
    }

    [Fact]
    public void Of_many_that_start_on_one_stale_socket_at_once_one_has_it()
    {
        const int Rounds = 10, Starters = 4;
        for (int i = 0; i < Starters; i++)
        {
            Directory.CreateSymbolicLink(Path.Combine(_folder.FullName, $"way-{i}"), _folder.FullName);
        }

        for (int round = 0; round < Rounds; round++)
        {
            using (FileDescriptor stale = new(UnixSocket.Create()))
            {
                Assert.Equal(0, UnixSocket.Bind(stale.Value, Options.SocketPath));
            }

            Share?[] shares = new Share?[Starters];
            Parallel.For(0, Starters, i =>
            {
                try
                {
                    // Each by a path of its own, since a process knows its own shares by theirs.
                    shares[i] = Share.Start(Options with { Tag = $"starter-{i}", SocketPath = Path.Combine(_folder.FullName, $"way-{i}", "s") });
                }
                catch (SocketPathException)
                {
                    // Another one has it.
                }
            });
            Share share = Assert.Single(shares, share => share is not null)!;
            VirtioFsGuest.ConnectAndMount(Options.SocketPath).Dispose();
            share.Dispose();
            Assert.False(Path.Exists(Options.SocketPath));
        }
    }

    [Fact]
    public void A_path_that_is_no_socket_is_left_alone()
    {
        File.WriteAllText(Options.SocketPath, "precious");
        SocketPathException refusal = Assert.Throws<SocketPathException>(() => Share.Start(Options));
        Assert.Equal(SocketPathProblem.NotASocket, refusal.Problem);
        Assert.Equal("precious", File.ReadAllText(Options.SocketPath));
        Assert.Empty(ShareRegistry.List());
    }

    [Fact]
    public void A_socket_that_took_the_place_of_the_shares_own_survives_the_stop()
    {
        Share share = Share.Start(Options);
        File.Delete(Options.SocketPath);
        File.WriteAllText(Options.SocketPath, "somebody else's");
        share.Stop();
        Assert.True(File.Exists(Options.SocketPath));
    }

    [Fact]
    public void A_second_share_with_the_same_socket_or_tag_is_refused_and_the_first_is_named()
    {
        using Share first = Share.Start(Options);
        ShareConflictException socket = Assert.Throws<ShareConflictException>(() => Share.Start(Options with { Tag = "other" }));
        ShareConflictException tag = Assert.Throws<ShareConflictException>(() => Share.Start(Options with { SocketPath = Options.SocketPath + "2" }));
        Assert.Equal(first.Id, socket.ExistingShareId);
        Assert.Equal(first.Id, tag.ExistingShareId);
        Assert.Equal([first], ShareRegistry.List());
        Assert.Same(first, ShareRegistry.Find(first.Id));
    }

    [Fact]
    public void A_share_can_be_started_again_with_the_same_names()
    {
        for (int i = 0; i < 3; i++)
        {
            using Share share = Share.Start(Options);
            Assert.Equal(ShareState.Waiting, share.State);
        }
    }

    [Fact]
    public void The_socket_has_the_permission_that_was_asked_for()
    {
        using (Share.Start(Options))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Options.SocketPath));
        }

        const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        using (Share.Start(Options with { SocketMode = Everybody }))
        {
            Assert.Equal(Everybody, File.GetUnixFileMode(Options.SocketPath));
        }
    }

    [Fact]
    public void A_given_listening_socket_is_used_and_its_file_left_alone()
    {
        int listener = UnixSocket.Create();
        Assert.Equal(0, UnixSocket.Bind(listener, Options.SocketPath));
        Assert.Equal(0, UnixSocket.Listen(listener, 1));
        using (Share share = Share.Start(Options with { ListenDescriptor = listener }))
        {
            using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(Options.SocketPath);
            ServingTests.WriteFile(guest.Fuse, "file", "text");
        }

        Assert.True(File.Exists(Options.SocketPath));
    }

    [Fact]
    public void A_given_descriptor_that_does_not_listen_is_refused()
    {
        int socket = UnixSocket.Create();
        Assert.Throws<ArgumentException>(() => Share.Start(Options with { ListenDescriptor = socket }));
        Assert.Empty(ShareRegistry.List());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1234567890123456789012345678901234567")]
    [InlineData("äääääääääääääääääää")]
    [InlineData("a\nb")]
    public void A_tag_that_no_guest_could_name_is_refused(string tag) =>
        Assert.Contains("tag", Assert.Throws<ArgumentException>(() => Share.Start(Options with { Tag = tag })).Message, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Share.Start(Options with { RequestQueues = 0 }));
        Assert.Throws<ArgumentException>(() => Share.Start(Options with { QueueSize = 1000 }));
        Assert.Throws<ArgumentException>(() => Share.Start(Options with { PollMicroseconds = -1 }));
        Assert.Throws<ArgumentException>(() => Share.Start(Options with { SocketPath = "/" + new string('x', 200) }));
        Assert.ThrowsAny<IOException>(() => Share.Start(Options with { Path = "/does/not/exist" }));
        Assert.Empty(ShareRegistry.List());
        Assert.False(File.Exists(Options.SocketPath));
    }

    [Fact]
    public void States_are_told_as_they_change()
    {
        List<ShareState> states = [];
        int changes = 0;
        ShareRegistry.Changed += Count;
        Share share = Share.Start(Options);
        share.StateChanged += (_, change) => { states.Add(change.Current); throw new InvalidOperationException("A subscriber's fault."); };
        using (VirtioFsGuest.Connect(share.Options.SocketPath))
        {
            Eventually.Holds(() => share.State == ShareState.Connected, () => "It did not connect.");
            ShareGuest guest = share.Guest!;
            Assert.Equal(Environment.ProcessId, guest.ProcessId);
            Assert.NotNull(guest.ProcessName);
            Assert.Equal(2, guest.Queues.Count);
            Assert.True(guest.MemorySize > 0);
        }

        Eventually.Holds(() => share.State == ShareState.Waiting, () => "It did not wait again.");
        share.Stop();
        ShareRegistry.Changed -= Count;
        Assert.Equal([ShareState.Connected, ShareState.Waiting, ShareState.Stopped], states);
        Assert.True(changes >= 4);

        void Count(object? sender, EventArgs change) => changes++;
    }
}
