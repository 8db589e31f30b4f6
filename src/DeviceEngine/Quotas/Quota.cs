namespace VirtioFs.DeviceEngine.Quotas;

/// <summary>
/// How much of one kind a share may hold. What it holds beyond a reserve of its own counts against the process, too, so that shares at their
/// bounds leave the others room.
/// </summary>
/// <param name="limit">The most that the share may hold.</param>
/// <param name="reserve">How much of that the process always grants.</param>
/// <param name="process">What all shares hold beyond their reserves; null for the process's own quota.</param>
internal sealed class Quota(int limit, int reserve = 0, Quota? process = null)
{
    private readonly Lock _gate = new();
    private int _used;

    /// <summary>How much is held.</summary>
    internal int Used => Volatile.Read(ref _used);

    /// <summary>Takes an amount wholly, or nothing of it.</summary>
    internal bool TryTake(int amount = 1)
    {
        lock (_gate)
        {
            int used = _used + amount;
            if (used > limit || (process is not null && !process.TryTake(BeyondReserve(used) - BeyondReserve(_used))))
            {
                return false;
            }

            Volatile.Write(ref _used, used);
            return true;
        }
    }

    internal void GiveBack(int amount = 1)
    {
        lock (_gate)
        {
            int used = _used - amount;
            process?.GiveBack(BeyondReserve(_used) - BeyondReserve(used));
            Volatile.Write(ref _used, used);
        }
    }

    private int BeyondReserve(int used) => Math.Max(0, used - reserve);
}
