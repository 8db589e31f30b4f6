using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Fuzz;

/// <summary>
/// Guests that leave requests behind which hang in the host, so that the share gets another file server, some of them after they have stopped their rings. Their memory stays, and
/// nothing may be written into it afterwards; what they had locked is the next one's to lock.
/// </summary>
internal sealed class LeavingTarget : IDisposable
{
    private const uint Untouched = 0x5a5a5a5a;
    private const int MostOpens = 6, MostSessions = 5, NapMilliseconds = 20;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly Choices _choices = new();
    private readonly Share _share;
    private readonly string _leased;
    private readonly List<(VirtioFsGuest Guest, FuseRequest[] Stuck)> _left = [];
    private HostLease? _lease;
    private long _leasedSince;

    internal LeavingTarget(Share share, ulong seed)
    {
        (_share, _leased) = (share, Path.Combine(share.Options.Path, "leased"));
        _choices.Seed(seed + 5);
    }

    /// <summary>Plays one guest. Answers how many requests it gave.</summary>
    internal int Step()
    {
        // The kernel takes a lease away that somebody has waited for long enough (/proc/sys/fs/lease-break-time).
        const int LongestMilliseconds = 15_000;
        if (_lease is not null && Environment.TickCount64 - _leasedSince > LongestMilliseconds)
        {
            Release();
        }

        _choices.Begin([]);
        if (_lease is null)
        {
            (_lease, _leasedSince) = (HostLease.TryTake(_leased), Environment.TickCount64);
        }

        if (_lease is null)
        {
            return 1;
        }

        VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(
            _share.Options.SocketPath, new GuestOptions { MemoryBytes = 4 << 20, LowMemoryBytes = 0, QueueSize = 64, Patience = s_patience });
        FuseRequest[] stuck = Hang(guest);
        int others = Accompany(guest);
        Lock(guest);
        Stop(guest);
        foreach (FuseRequest request in stuck)
        {
            request.ReplyHeader.Length = Untouched;
        }

        guest.Connection.Dispose();
        _left.Add((guest, stuck));
        WaitForNext();
        if (_left.Count >= MostSessions || _choices.OneIn(2))
        {
            Release();
        }

        return stuck.Length + others;
    }

    public void Dispose() => Release();

    private FuseRequest[] Hang(VirtioFsGuest guest)
    {
        if (guest.Fuse.Lookup(1, "leased", out FuseEntryOut entry) is int error and not 0)
        {
            throw new FuzzFinding($"A file of the share is not found: error {error}.");
        }

        FuseRequest[] stuck = new FuseRequest[1 + _choices.Below(MostOpens)];
        for (int i = 0; i < stuck.Length; i++)
        {
            FuseClient client = guest.Clients[1];
            stuck[i] = client.CreateRequest(argumentBytes: 64);
            client.Submit(stuck[i].Begin(FuseOpcode.Open, entry.NodeId).Append(new FuseOpenIn { Flags = 2 }).Expect<FuseOpenOut>());
            client.Kick();
        }

        return stuck;
    }

    /// <summary>Gives other requests beside those that hang, which are answered as ever.</summary>
    private int Accompany(VirtioFsGuest guest)
    {
        int count = _choices.Below(30);
        for (int i = 0; i < count; i++)
        {
            int result = _choices.Below(3) switch
            {
                0 => guest.Fuse.Getattr(1, out FuseAttrOut _),
                1 => guest.Fuse.Lookup(1, "a", out FuseEntryOut _),
                _ => guest.Fuse.Statfs(1, out FuseStatfsOut _),
            };
            if (result != 0)
            {
                throw new FuzzFinding($"A request beside one that hangs was answered with {result}.");
            }
        }

        return count;
    }

    /// <summary>Takes a lock that each guest before this one had, too.</summary>
    private static void Lock(VirtioFsGuest guest)
    {
        _ = guest.Fuse.Lookup(1, "a", out FuseEntryOut entry);
        int result = guest.Fuse.Open(entry.NodeId, 2, out FuseOpenOut open);
        FuseLockIn range = new() { Handle = open.Handle, Owner = 1, Lock = new FuseFileLock { End = 9, Type = 1, ProcessId = 1 } };
        result = result != 0 ? result : guest.Fuse.Setlk(entry.NodeId, range, wait: true);
        if (result != 0)
        {
            throw new FuzzFinding($"A lock that a guest had which is gone was answered with {result}.");
        }
    }

    /// <summary>Stops rings that requests hang in, one way or another, and goes on with them.</summary>
    private void Stop(VirtioFsGuest guest)
    {
        switch (_choices.Below(6))
        {
            case 0:
                _ = guest.Stop();
                guest.Start();
                break;
            case 1:
                guest.Connection.SetVringEnable(1, false);
                guest.Connection.SetVringEnable(1, true);
                break;
            case 2:
                guest.Reboot();
                _ = guest.Mount();
                break;
            default:
                return;
        }

        int result = guest.Fuse.Getattr(1, out FuseAttrOut _);
        if (result != 0)
        {
            throw new FuzzFinding($"After rings were stopped in which requests hang, one was answered with {result}.");
        }
    }

    private void WaitForNext()
    {
        const int MostLeftBehind = 4;
        long end = Environment.TickCount64 + (long)s_patience.TotalMilliseconds;
        while (_share.State != ShareState.Waiting)
        {
            if (_left.Count > MostLeftBehind)
            {
                Release();
            }

            if (Environment.TickCount64 > end || _share.State is ShareState.Faulted or ShareState.Stopped)
            {
                throw new FuzzFinding($"The share of a guest that has left is {_share.State}: {_share.FaultReason}");
            }

            Thread.Sleep(NapMilliseconds);
        }
    }

    /// <summary>Lets the host come back, and looks whether anybody wrote into the memory of a guest that had gone.</summary>
    private void Release()
    {
        _lease?.Dispose();
        _lease = null;
        long end = Environment.TickCount64 + (long)s_patience.TotalMilliseconds;
        while (CountLeftBehind() > 0 && Environment.TickCount64 < end)
        {
            Thread.Sleep(NapMilliseconds);
        }

        FuseRequest? touched = _left.SelectMany(each => each.Stuck).FirstOrDefault(request => request.ReplyHeader.Length != Untouched);
        _left.ForEach(each => each.Guest.Dispose());
        _left.Clear();
        if (touched is not null)
        {
            throw new FuzzFinding("An answer was written into the memory of a guest that had left.");
        }
    }

    private int CountLeftBehind() =>
        Directory.GetDirectories("/proc/self/task").Count(task => ReadName(task) == $"vfs{_share.Id}-left");

    private static string? ReadName(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).TrimEnd();
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return null;
        }
    }
}
