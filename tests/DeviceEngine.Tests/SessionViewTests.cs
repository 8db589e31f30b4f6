using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>What a session is and holds can be seen, and ended, while its guest works.</summary>
public sealed class SessionViewTests
{
    private const uint ReadWrite = 2, RegularFile = 0x81a4;

    [Fact]
    public void A_share_without_a_front_end_has_no_session()
    {
        using TemporaryShare share = new();
        Assert.Null(share.Share.InspectSession(SessionParts.All));
        Assert.False(share.Share.TryDisconnect(1));
        Assert.False(share.Share.TryCloseFile(1));
    }

    [Fact]
    public void Rings_features_inodes_and_open_files_are_what_the_guest_made_them()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        (ulong node, ulong handle) = Create(guest, "file");
        Assert.Equal(0, guest.Fuse.Lookup(1, "file", out FuseEntryOut _));

        ShareSession session = share.Share.InspectSession(SessionParts.All)!;

        Assert.Equal((share.Share.Id, 1L, true), (session.ShareId, session.Number, session.IsMounted));
        Assert.Equal(Environment.ProcessId, session.FrontEnd.ProcessId);
        Assert.Contains("EventIndex", session.Features);
        Assert.Contains("ReplyAcknowledge", session.Features);
        Assert.Contains("PosixLocks", session.Features);
        ShareGuestQueue ring = session.FrontEnd.Queues[1];
        Assert.Equal(3, ring.NextAvailable);
        Assert.Equal(3, ring.NextUsed);
        Assert.Equal(3, ring.Requests);
        SessionFile file = Assert.Single(session.Holdings.OpenFiles);
        Assert.Equal(
            (handle, node, false, FileAccess.ReadWrite, share.FileAt("file")), (file.Handle, file.Node, file.IsDirectory, file.Access, file.Path));
        SessionInode inode = Assert.Single(session.Holdings.Inodes, inode => inode.Node == node);
        Assert.Equal(2UL, inode.Lookups);
        Assert.Equal(share.FileAt("file"), inode.Path ?? share.FileAt("file"));
        Assert.Contains(session.Holdings.Inodes, inode => inode.Node == 1);
        Assert.Equal((2, 1), (session.Holdings.InodeCount, session.Holdings.OpenFileCount));
    }

    [Fact]
    public void Locks_held_and_waited_for_name_the_guests_processes()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        (ulong node, ulong first) = Create(guest, "file");
        Assert.Equal(0, guest.Fuse.Open(node, ReadWrite, out FuseOpenOut second));
        FuseLockIn wanted = new() { Handle = first, Owner = 7, Lock = new FuseFileLock { Start = 10, End = 19, Type = 1, ProcessId = 100 } };
        Assert.Equal(0, guest.Fuse.Setlk(node, wanted));
        FuseRequest waiting = guest.Fuse.CreateRequest();
        FuseLockIn awaited = wanted with { Handle = second.Handle, Owner = 8, Lock = wanted.Lock with { ProcessId = 200 } };
        guest.Fuse.Submit(waiting.Begin(FuseOpcode.Setlkw, node).Append(awaited));
        guest.Fuse.Kick();
        Eventually.Holds(() => Locks(share).Count == 2, () => $"{Locks(share).Count} locks are seen.");
        FuseLockIn whole = new() { Handle = first, Lock = new FuseFileLock { Type = 0, ProcessId = 300, End = long.MaxValue }, Flags = 1 };
        Assert.Equal(0, guest.Fuse.Setlk(node, whole));

        IReadOnlyList<SessionLock> locks = Locks(share);

        SessionLock held = Assert.Single(locks, found => found is { IsHeld: true, Kind: SessionLockKind.Posix });
        Assert.Equal((100u, 10L, 19L, true, node, 7UL), (held.ProcessId, held.Start, held.End, held.IsWrite, held.Node, held.Owner));
        Assert.Equal([first], held.Handles);
        Assert.Equal(200u, Assert.Single(locks, found => !found.IsHeld).ProcessId);
        SessionLock flock = Assert.Single(locks, found => found.Kind == SessionLockKind.Flock);
        Assert.Equal((300u, false), (flock.ProcessId, flock.IsWrite));

        // Closing the holder's file lets the waiter through.
        Assert.True(share.Share.TryCloseFile(first));
        Assert.Equal(0, guest.Fuse.WaitFor(waiting));
        Assert.Equal(200u, Assert.Single(Locks(share)).ProcessId);
    }

    [Fact]
    public void A_closed_file_is_EBADF_for_its_guest_and_never_another_file()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        (ulong node, ulong handle) = Create(guest, "file");
        Assert.Equal(4, guest.Fuse.Write(node, handle, 0, "text"u8));

        Assert.True(share.Share.TryCloseFile(handle));
        Assert.False(share.Share.TryCloseFile(handle));
        (ulong otherNode, ulong otherHandle) = Create(guest, "other");

        Assert.Equal(-Errno.EBADF, guest.Fuse.Read(node, handle, 0, 4));
        Assert.Equal(-Errno.EBADF, guest.Fuse.Write(node, handle, 0, "more"u8));
        Assert.Equal(-Errno.EBADF, guest.Fuse.Release(node, handle));
        Assert.False(share.Share.TryCloseFile(handle));
        Assert.Equal(4, guest.Fuse.Write(otherNode, otherHandle, 0, "good"u8));
        Assert.Equal("text", File.ReadAllText(share.FileAt("file")));
        Assert.Equal("good", File.ReadAllText(share.FileAt("other")));
    }

    [Fact]
    public void Looking_and_closing_while_the_guest_opens_and_closes_breaks_nothing()
    {
        const int Rounds = 500;
        long strayCloses = FileDescriptor.StrayCloses;
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        (ulong node, _) = Create(guest, "file");
        using CancellationTokenSource over = new();
        Thread onlooker = new(() => LookOn(share.Share, over.Token));
        onlooker.Start();
        for (int i = 0; i < Rounds; i++)
        {
            Assert.Equal(0, guest.Fuse.Open(node, ReadWrite, out FuseOpenOut open));
            Assert.True(guest.Fuse.Write(node, open.Handle, 0, "text"u8) is 4 or -Errno.EBADF);
            Assert.True(guest.Fuse.Release(node, open.Handle) is 0 or -Errno.EBADF);
        }

        over.Cancel();
        onlooker.Join();
        Assert.Equal(strayCloses, FileDescriptor.StrayCloses);
        Assert.Null(share.Share.FaultReason);
        Assert.Empty(share.Share.InspectSession(SessionParts.OpenFiles)!.Holdings.OpenFiles);
    }

    [Fact]
    public void A_disconnected_session_ends_and_the_next_front_end_is_served()
    {
        using TemporaryShare share = new();
        using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket))
        {
            _ = Create(guest, "file");
            Assert.False(share.Share.TryDisconnect(2));
            Assert.True(share.Share.TryDisconnect(1));
            share.WaitFor(ShareState.Waiting);
            Assert.Null(share.Share.InspectSession());
        }

        using VirtioFsGuest next = VirtioFsGuest.ConnectAndMount(share.Socket);
        ShareSession session = share.Share.InspectSession(SessionParts.All)!;
        Assert.Equal(2, session.Number);
        Assert.Empty(session.Holdings.OpenFiles);
        Assert.False(share.Share.TryDisconnect(1));
        Assert.Null(share.Share.FaultReason);
        Assert.Equal(0, share.Share.GetStatistics().FailedSessions);
    }

    [Fact]
    public void A_stopped_share_has_nothing_to_see()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        (_, ulong handle) = Create(guest, "file");
        share.Share.Stop();
        Assert.Null(share.Share.InspectSession(SessionParts.All));
        Assert.False(share.Share.TryCloseFile(handle));
    }

    private static void LookOn(Share share, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            foreach (SessionFile file in share.InspectSession(SessionParts.All)?.Holdings.OpenFiles ?? [])
            {
                _ = share.TryCloseFile(file.Handle);
            }
        }
    }

    private static IReadOnlyList<SessionLock> Locks(TemporaryShare share) => share.Share.InspectSession(SessionParts.Locks)!.Holdings.Locks;

    private static (ulong Node, ulong Handle) Create(VirtioFsGuest guest, string name)
    {
        Assert.Equal(0, guest.Fuse.Create(1, name, ReadWrite, RegularFile, out FuseCreateOut created));
        return (created.Entry.NodeId, created.Open.Handle);
    }
}
