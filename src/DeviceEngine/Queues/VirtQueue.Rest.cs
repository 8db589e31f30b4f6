using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>How a ring comes to rest and goes on.</summary>
internal sealed partial class VirtQueue
{
    private const int LookAroundMilliseconds = 20;

    // How long the front end waits for a ring whose requests hang; its machine stands still meanwhile.
    private const int HangMilliseconds = 2000;

    /// <summary>Makes the worker rest until <see cref="GoOn"/>. False when that is not possible. Control thread only.</summary>
    internal bool TryPause() => _worker is null || _worker.Turn.TryPause(this, _surroundings.IsAbandoned);

    /// <summary>Ends what <see cref="TryPause"/> began, unless the ring is stopped.</summary>
    internal void GoOn() => Resume();

    /// <inheritdoc cref="RequestsAway.AddPieces"/>
    internal void AddPieces(List<IoVec> pieces)
    {
        // Where no other thread could be found to stand in, the request is still the ring's own.
        if (_worker?.Turn.Chain is RequestChain chain)
        {
            chain.AddNeeded(pieces);
        }

        lock (_gate)
        {
            Away.AddPieces(pieces);
        }
    }

    /// <inheritdoc cref="RequestsAway.MoveOrPark"/>
    internal void MoveOrPark(GuestMemory memory)
    {
        lock (_gate)
        {
            Away.MoveOrPark(memory);
        }
    }

    /// <inheritdoc cref="RequestsAway.TryCutOffParked"/>
    internal bool TryCutOffParked(ReadOnlySpan<IoVec> kept)
    {
        lock (_gate)
        {
            return Away.TryCutOffParked(kept);
        }
    }

    /// <inheritdoc cref="RequestsAway.Unpark"/>
    internal void Unpark(RequestChain chain)
    {
        lock (_gate)
        {
            Away.Unpark(chain);
        }
    }

    /// <summary>Changes something while the worker rests, and lets it go on if it can. Null, or why that was not possible, as a sentence.</summary>
    private string? Reconfigure(Action change, bool reopens)
    {
        if (_worker is not null && !_worker.Turn.TryPause(this, _surroundings.IsAbandoned))
        {
            return _surroundings.GiveUp($"Ring {Index} did not come to rest: requests hang in the host, and no thread is left to stand in for theirs.");
        }

        lock (_gate)
        {
            if (reopens)
            {
                _opened.Close();
            }

            change();
        }

        Resume();
        return null;
    }

    private void Resume()
    {
        if (_opened.Ring is null && Setup.IsComplete && Fault is null && !IsClosed)
        {
            OpenRing();
        }

        if (!CanServe)
        {
            return;
        }

        if (Away.TryEndRest())
        {
            _surroundings.Deferred.Retry();
        }

        Used.BringHome(Away);

        _worker ??= _surroundings.StartWorker(this);
        _worker.Turn.Resume();
    }

    private void OpenRing()
    {
        string? fault;
        bool goesOn;
        lock (_gate)
        {
            fault = _opened.TryOpen(_surroundings.Memory, Setup, _surroundings.RingFeatures, out goesOn);
        }

        if (fault is not null)
        {
            Used.Fail(fault);
        }
        else if (!goesOn)
        {
            _surroundings.Deferred.DropLaidAside(this);
        }
    }

    private string? ComeToRest()
    {
        Away.BeginRest(interrupts: _surroundings.IsLogging);
        if (Away.Interrupts)
        {
            _surroundings.Deferred.Retry();
        }

        long end = Environment.TickCount64 + HangMilliseconds;
        bool areParked = false;
        while (!Away.TryAwaitRest(LookAroundMilliseconds))
        {
            Used.ReleaseSenders();
            if (_surroundings.IsAbandoned())
            {
                return $"Ring {Index} still had {Away.Count} requests under way when the session ended.";
            }

            if (Environment.TickCount64 < end)
            {
                continue;
            }

            string? fault = areParked ? _surroundings.GiveUp($"Ring {Index} has requests that no thread is left for, since others hang in the host.") : _surroundings.ParkRequests();
            if (fault is not null)
            {
                return fault;
            }

            (areParked, end) = (true, Environment.TickCount64 + HangMilliseconds);
        }

        return null;
    }
}
