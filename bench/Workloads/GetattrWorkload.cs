using VirtioFs.Bench.BackEnds;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Bench.Workloads;

/// <summary>GETATTR of random files that are known already.</summary>
internal sealed class GetattrWorkload() : Workload("getattr")
{
    private ulong[] _nodes = [];

    public override void Prepare(BenchSession session, int depth) => _nodes = session.Scratch.SmallFileDirectory().Files;

    public override void Next(FuseRequest request) =>
        request.Begin(FuseOpcode.Getattr, _nodes[Random(_nodes.Length)]).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>();
}
