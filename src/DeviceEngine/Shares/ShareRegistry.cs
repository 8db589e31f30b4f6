namespace VirtioFs.DeviceEngine.Shares;

/// <summary>The shares of this process, whoever started them. All members can be used from any thread.</summary>
public static class ShareRegistry
{
    private static readonly Lock Gate = new();
    private static readonly List<ShareReservation> Reservations = [];
    private static int s_lastId;

    static ShareRegistry() => AppDomain.CurrentDomain.ProcessExit += (_, _) => RemoveSockets();

    /// <summary>
    /// A share was added, was removed, or changed its state. Raised on the thread that did it, so a handler must be quick; what it
    /// throws is ignored.
    /// </summary>
    public static event EventHandler? Changed;

    /// <summary>Every share that has been started and not stopped, faulted ones included, in the order of their ids.</summary>
    public static IReadOnlyList<Share> List()
    {
        lock (Gate)
        {
            return [.. Reservations.Select(reservation => reservation.Share).OfType<Share>()];
        }
    }

    /// <summary>The share with this id; null when there is none, or it was stopped.</summary>
    /// <param name="id">A <see cref="Share.Id"/>.</param>
    public static Share? Find(int id)
    {
        lock (Gate)
        {
            return Reservations.Find(reservation => reservation.ShareId == id)?.Share;
        }
    }

    /// <summary>An id for a share that another process serves.</summary>
    internal static int TakeId()
    {
        lock (Gate)
        {
            return ++s_lastId;
        }
    }

    /// <summary>Keeps socket and tag for a share, so that of two that want the same the second is refused before it touches anything.</summary>
    internal static ShareReservation Reserve(ShareOptions options)
    {
        lock (Gate)
        {
            foreach (ShareReservation other in Reservations)
            {
                RefuseConflict(options, other);
            }

            ShareReservation reservation = new(options, ++s_lastId);
            Reservations.Add(reservation);
            return reservation;
        }
    }

    internal static void Remove(ShareReservation reservation)
    {
        lock (Gate)
        {
            Reservations.Remove(reservation);
        }
    }

    internal static void Remove(Share share)
    {
        lock (Gate)
        {
            if (Reservations.RemoveAll(reservation => reservation.Share == share) == 0)
            {
                return;
            }
        }

        RaiseChanged();
    }

    internal static void RaiseChanged()
    {
        foreach (EventHandler handler in Delegate.EnumerateInvocationList(Changed))
        {
            try
            {
                handler(null, EventArgs.Empty);
            }
#pragma warning disable CA1031 // A subscriber's fault must not reach the share's own thread.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    private static void RefuseConflict(ShareOptions options, ShareReservation other)
    {
        if (other.Options.SocketPath == options.SocketPath)
        {
            throw new ShareConflictException(
                $"Share {other.ShareId} of '{other.Options.Path}' already has the socket '{options.SocketPath}'. Stop it, or choose another socket path.",
                other.ShareId);
        }

        if (options.OffersTag && other.Options.OffersTag && other.Options.Tag == options.Tag)
        {
            throw new ShareConflictException(
                $"Share {other.ShareId} of '{other.Options.Path}' already has the tag '{options.Tag}'. Stop it, or choose another tag.",
                other.ShareId);
        }
    }

    private static void RemoveSockets()
    {
        foreach (Share share in List())
        {
            share.RemoveSocketFile();
        }
    }
}
