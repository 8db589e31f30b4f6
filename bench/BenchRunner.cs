using VirtioFs.Bench.BackEnds;
using VirtioFs.Bench.Measuring;
using VirtioFs.Bench.Workloads;

namespace VirtioFs.Bench;

/// <summary>Measures every cell against one back end, or against two by turns.</summary>
internal sealed class BenchRunner(BenchSettings settings, Action<string> progress)
{
    /// <summary>All cells of the settings; a cell with fewer requests than queues would leave queues idle, and is left out.</summary>
    public IEnumerable<Cell> Cells() =>
        from workload in settings.Workloads
        from queues in settings.Queues
        from depth in settings.Depths
        where depth >= queues
        select new Cell(workload, depth, queues);

    /// <summary>Measures one cell in rounds, each of which visits every session; every other round goes backwards.</summary>
    /// <returns>A result for each session, in their order.</returns>
    public CellResult[] Measure(Cell cell, params IReadOnlyList<BenchSession> sessions)
    {
        progress($"{cell.Workload}, depth {cell.Depth}, queues {cell.Queues}");
        Workload[] workloads = [.. sessions.Select(_ => WorkloadCatalog.Create(cell.Workload))];
        List<Sample>[] samples = [.. sessions.Select(_ => new List<Sample>())];
        for (int i = 0; i < workloads.Length; i++)
        {
            workloads[i].Prepare(sessions[i], cell.Depth);
        }

        LoadLoop[] loops = [.. sessions.Select((session, i) => new LoadLoop(session, workloads[i], cell))];
        for (int round = 0; round < settings.Rounds; round++)
        {
            for (int turn = 0; turn < loops.Length; turn++)
            {
                int i = round % 2 == 0 ? turn : loops.Length - 1 - turn;
                samples[i].Add(loops[i].Run(settings.WarmUp, settings.Duration));
            }
        }

        for (int i = 0; i < workloads.Length; i++)
        {
            workloads[i].Finish(sessions[i]);
        }

        return [.. samples.Select((rounds, i) => new CellResult(cell, workloads[i].Unit, rounds))];
    }
}
