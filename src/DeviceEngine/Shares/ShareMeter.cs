using System.Diagnostics.Metrics;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Server;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>
/// The shares of this process as a meter, for dotnet-counters and OpenTelemetry. What is told is counted anyway; it is added up when a
/// listener asks, and never on a request's way.
/// </summary>
public static class ShareMeter
{
    /// <summary>The meter's name.</summary>
    public const string Name = "VirtioFs";

    private const string ShareTag = "virtiofs.share";
    private const string OperationTag = "virtiofs.operation";

    private static readonly double[] s_parts = [0.5, 0.99, 1];
    private static readonly FuseOpcode[] s_opcodes = Enum.GetValues<FuseOpcode>();
    private static readonly Meter s_meter = new(Name, typeof(ShareMeter).Assembly.GetName().Version?.ToString(3));

    static ShareMeter()
    {
        s_meter.CreateObservableCounter("virtiofs.operations", () => OfOperations(static (counters, opcode) => counters.Answered(opcode)), "{operation}", "Requests that were answered.");
        s_meter.CreateObservableCounter("virtiofs.operation.errors", () => OfOperations(static (counters, opcode) => counters.Failed(opcode)), "{operation}", "Requests that were answered with an error.");
        s_meter.CreateObservableGauge("virtiofs.operation.duration", Durations, "s", "How long answers took since the share's start, by percentile.");
        s_meter.CreateObservableCounter("virtiofs.io", Bytes, "By", "Bytes of file data.");
        s_meter.CreateObservableCounter("virtiofs.queue.requests", () => OfQueues(static queue => queue.Requests), "{request}", "Requests taken from a queue and answered, in this session.");
        s_meter.CreateObservableCounter("virtiofs.queue.kicks", () => OfQueues(static queue => queue.Kicks), "{kick}", "Times that the guest woke a queue's worker, in this session.");
        s_meter.CreateObservableCounter("virtiofs.queue.calls", () => OfQueues(static queue => queue.Calls), "{call}", "Times that a queue notified the guest, in this session.");
        s_meter.CreateObservableUpDownCounter("virtiofs.sessions", () => OfShares(static share => share.State == ShareState.Connected ? 1 : 0), "{session}", "Virtual machines that are connected.");
        s_meter.CreateObservableUpDownCounter("virtiofs.inodes", () => OfShares(static share => share.CountHoldings()?.InodeCount ?? 0), "{inode}", "Inodes that guests know.");
        s_meter.CreateObservableUpDownCounter("virtiofs.open_files", () => OfShares(static share => share.CountHoldings()?.OpenFileCount ?? 0), "{file}", "Files and directories that guests hold open.");
    }

    /// <summary>Makes the meter be there for listeners.</summary>
    internal static void Begin()
    {
    }

    private static IEnumerable<Measurement<long>> OfShares(Func<Share, long> count) =>
        ShareRegistry.List().Select(share => new Measurement<long>(count(share), TagOf(share)));

    private static IEnumerable<Measurement<long>> OfOperations(Func<OperationCounters, FuseOpcode, long> count)
    {
        foreach (Share share in ShareRegistry.List())
        {
            OperationCounters counters = share.CountOperations();
            foreach (FuseOpcode opcode in s_opcodes)
            {
                if (counters.Answered(opcode) > 0)
                {
                    yield return new Measurement<long>(count(counters, opcode), TagOf(share), new(OperationTag, opcode.ToString()));
                }
            }
        }
    }

    private static IEnumerable<Measurement<double>> Durations()
    {
        foreach (Share share in ShareRegistry.List())
        {
            OperationCounters counters = share.CountOperations();
            foreach (FuseOpcode opcode in s_opcodes)
            {
                if (counters.Durations(opcode) is not DurationHistogram durations)
                {
                    continue;
                }

                foreach (double part in s_parts)
                {
                    double seconds = durations.Percentile(part) / 1e9;
                    yield return new Measurement<double>(seconds, TagOf(share), new(OperationTag, opcode.ToString()), new("quantile", part));
                }
            }
        }
    }

    private static IEnumerable<Measurement<long>> Bytes()
    {
        foreach (Share share in ShareRegistry.List())
        {
            OperationCounters counters = share.CountOperations();
            yield return new Measurement<long>(counters.BytesRead, TagOf(share), new("direction", "read"));
            yield return new Measurement<long>(counters.BytesWritten, TagOf(share), new("direction", "write"));
        }
    }

    private static IEnumerable<Measurement<long>> OfQueues(Func<ShareGuestQueue, long> count)
    {
        foreach (Share share in ShareRegistry.List())
        {
            foreach (ShareGuestQueue queue in share.Guest?.Queues ?? [])
            {
                yield return new Measurement<long>(count(queue), TagOf(share), new("virtiofs.queue", queue.Index));
            }
        }
    }

    private static KeyValuePair<string, object?> TagOf(Share share) => new(ShareTag, share.Options.Tag);
}
