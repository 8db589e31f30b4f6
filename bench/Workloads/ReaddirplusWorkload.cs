using VirtioFs.Bench.BackEnds;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Bench.Workloads;

/// <summary>READDIRPLUS through a directory of 1000 files again and again, each request in flight with a handle of its own; counted by entry.</summary>
internal sealed class ReaddirplusWorkload() : Workload("readdirplus")
{
    // What a guest's getdents64 of the C library asks for.
    private const int Room = 32 << 10;

    private ulong _directory;
    private ulong[] _handles = [], _offsets = [];

    public override string Unit => "entry";

    public override void Prepare(BenchSession session, int depth)
    {
        _directory = session.Scratch.SmallFileDirectory().Directory;
        _handles = new ulong[depth];
        _offsets = new ulong[depth];
        for (int i = 0; i < depth; i++)
        {
            int error = session.Guest.Fuse.Opendir(_directory, out FuseOpenOut open);
            _handles[i] = error == 0 ? open.Handle : throw new BenchException($"{Name}: OPENDIR failed with {Errno.Describe(-error)}.");
        }
    }

    public override void Next(FuseRequest request) =>
        request.Begin(FuseOpcode.Readdirplus, _directory)
            .Append(new FuseReadIn { Handle = _handles[request.Tag], Offset = _offsets[request.Tag], Size = Room })
            .ExpectData(Room);

    public override int Complete(FuseRequest request)
    {
        int entries = FuseClient.CountEntries(request.Data, plus: true, out _offsets[request.Tag]);
        return entries;
    }

    public override void Finish(BenchSession session)
    {
        foreach (ulong handle in _handles)
        {
            session.Guest.Fuse.Releasedir(_directory, handle);
        }
    }
}
