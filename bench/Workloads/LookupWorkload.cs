using VirtioFs.Bench.BackEnds;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Bench.Workloads;

/// <summary>LOOKUP of random names that exist and are known already, as when a guest's cached entries have expired.</summary>
internal sealed class LookupWorkload() : Workload("lookup")
{
    private ulong _directory;
    private string[] _names = [];

    public override void Prepare(BenchSession session, int depth)
    {
        (_directory, ulong[] files) = session.Scratch.SmallFileDirectory();
        _names = [.. Enumerable.Range(0, files.Length).Select(ScratchDirectory.SmallFileName)];
    }

    public override void Next(FuseRequest request) =>
        request.Begin(FuseOpcode.Lookup, _directory).AppendName(_names[Random(_names.Length)]).Expect<FuseEntryOut>();
}
