using System.Diagnostics;
using VirtioFs.Bench.BackEnds;
using VirtioFs.Bench.Workloads;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Rings;
using VirtioFs.Linux;

namespace VirtioFs.Bench.Measuring;

/// <summary>Keeps a number of requests in flight for a while, on this thread, and allocates nothing meanwhile.</summary>
internal sealed class LoadLoop
{
    private readonly BenchSession _session;
    private readonly Workload _workload;
    private readonly FuseClient[] _clients;
    private readonly FuseRequest[] _requests;
    private readonly LatencyHistogram _latencies = new();
    private readonly PollEntry[] _sleep;
    private long _operations;
    private int _inFlight;
    private bool _measuring, _ending;

    public LoadLoop(BenchSession session, Workload workload, Cell cell)
    {
        (_session, _workload) = (session, workload);
        _clients = [.. session.Guest.Clients.Skip(1).Take(cell.Queues)];
        _requests = session.RequestsFor(cell);
        _sleep = [.. _clients.Select(client => new PollEntry { Descriptor = client.Queue.CallDescriptor, Events = Poll.Readable })];
    }

    /// <summary>Warms up, measures, and lets what has begun come to its end.</summary>
    public Sample Run(TimeSpan warmUp, TimeSpan duration)
    {
        (_ending, _measuring, _inFlight) = (false, false, 0);
        foreach (FuseRequest request in _requests)
        {
            SubmitNext(request);
        }

        KickAll();
        RunUntil(Stopwatch.GetTimestamp() + ToTicks(warmUp));

        _latencies.Clear();
        _operations = 0;
        _measuring = true;
        ProcessorTime processorBefore = ProcessorTime.Of(_session.BackEndProcessId);
        long before = Stopwatch.GetTimestamp();
        RunUntil(before + ToTicks(duration));
        long after = Stopwatch.GetTimestamp();
        TimeSpan processor = ProcessorTime.Of(_session.BackEndProcessId) - processorBefore;
        _measuring = false;

        _ending = true;
        RunUntil(long.MaxValue);
        _session.Forgets.Drain();
        return Summarize(Stopwatch.GetElapsedTime(before, after), processor);
    }

    private void RunUntil(long end)
    {
        while (_inFlight > 0)
        {
            bool any = false;
            long now = 0;
            foreach (FuseClient client in _clients)
            {
                bool submitted = false;
                while (client.TryReceive(out FuseRequest request))
                {
                    now = Stopwatch.GetTimestamp();
                    submitted |= Complete(request, now);
                    any = true;
                }

                if (submitted)
                {
                    client.Kick();
                }
            }

            if (!any)
            {
                WaitForAny();
            }
            else if (now >= end)
            {
                return;
            }
        }
    }

    private bool Complete(FuseRequest request, long now)
    {
        if (request.Error != 0)
        {
            throw new BenchException($"{_workload.Name}: {request.Opcode} failed with {Errno.Describe(-request.Error)}.");
        }

        _inFlight--;
        int operations = _workload.Complete(request);
        if (_measuring)
        {
            _latencies.Record(now - request.SubmittedAt);
            _operations += operations;
        }

        if (_ending && operations > 0)
        {
            return false;
        }

        SubmitNext(request);
        return true;
    }

    private void SubmitNext(FuseRequest request)
    {
        _workload.Next(request);
        FuseClient client = _clients[request.Tag % _clients.Length];
        request.SubmittedAt = Stopwatch.GetTimestamp();
        client.Submit(request);
        _inFlight++;
    }

    private void KickAll()
    {
        foreach (FuseClient client in _clients)
        {
            client.Kick();
        }
    }

    private void WaitForAny()
    {
        if (_clients.Length == 1)
        {
            if (!_clients[0].Queue.Wait(_session.Patience, _session.Guest.Connection.Descriptor))
            {
                throw Stuck();
            }

            return;
        }

        if (_clients[0].Queue.CompletionWait == CompletionWait.Poll)
        {
            PollAll();
            return;
        }

        bool mustSleep = true;
        foreach (FuseClient client in _clients)
        {
            mustSleep &= client.Queue.TryArmCall();
        }

        if (mustSleep && Poll.Wait(_sleep, (int)_session.Patience.TotalMilliseconds) <= 0)
        {
            throw Stuck();
        }

        foreach (FuseClient client in _clients)
        {
            EventFd.Drain(client.Queue.CallDescriptor);
        }
    }

    private void PollAll()
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            foreach (FuseClient client in _clients)
            {
                if (client.Queue.HasUsed)
                {
                    return;
                }
            }

            Thread.SpinWait(1);
            if (Stopwatch.GetElapsedTime(start) > _session.Patience)
            {
                throw Stuck();
            }
        }
    }

    private BenchException Stuck() =>
        new($"{_workload.Name}: the back end has not answered for {_session.Patience.TotalSeconds:0} s, or has gone. See what it printed.");

    private Sample Summarize(TimeSpan elapsed, TimeSpan processor)
    {
        double seconds = elapsed.TotalSeconds;
        return new Sample(
            _operations / seconds,
            _latencies.Percentile(0.5) / 1e3,
            _latencies.Percentile(0.99) / 1e3,
            _latencies.Maximum / 1e3,
            _operations * (double)_workload.BytesPerOperation / seconds,
            _operations == 0 ? 0 : processor.TotalMicroseconds / _operations);
    }

    private static long ToTicks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
