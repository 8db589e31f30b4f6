namespace VirtioFs.Bench.Measuring;

/// <summary>One combination that is measured.</summary>
/// <param name="Workload">The workload's name.</param>
/// <param name="Depth">Requests in flight.</param>
/// <param name="Queues">Request queues that they are spread over.</param>
internal sealed record Cell(string Workload, int Depth, int Queues);
