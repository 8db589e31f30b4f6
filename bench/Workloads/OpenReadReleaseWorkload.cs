using VirtioFs.Bench.BackEnds;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Bench.Workloads;

/// <summary>OPEN, READ and RELEASE of random small files, as builds and scripts do; one operation is the whole of it.</summary>
internal sealed class OpenReadReleaseWorkload() : Workload("open-read-release")
{
    private const int Bytes = 4096;

    private ulong[] _nodes = [];
    private File[] _files = [];

    private enum Step
    {
        Open,
        Read,
        Release,
    }

    public override void Prepare(BenchSession session, int depth)
    {
        _nodes = session.Scratch.SmallFileDirectory().Files;
        _files = new File[depth];
    }

    public override void Next(FuseRequest request)
    {
        ref File file = ref _files[request.Tag];
        switch (file.Step)
        {
            case Step.Open:
                file.Node = _nodes[Random(_nodes.Length)];
                request.Begin(FuseOpcode.Open, file.Node).Append(new FuseOpenIn { Flags = 0x8000 }).Expect<FuseOpenOut>();
                break;
            case Step.Read:
                request.Begin(FuseOpcode.Read, file.Node).Append(new FuseReadIn { Handle = file.Handle, Size = Bytes }).ExpectData(Bytes);
                break;
            default:
                request.Begin(FuseOpcode.Release, file.Node).Append(new FuseReleaseIn { Handle = file.Handle });
                break;
        }
    }

    public override int Complete(FuseRequest request)
    {
        ref File file = ref _files[request.Tag];
        switch (file.Step)
        {
            case Step.Open:
                file.Handle = request.Result<FuseOpenOut>().Handle;
                file.Step = Step.Read;
                return 0;
            case Step.Read:
                file.Step = Step.Release;
                return 0;
            default:
                file.Step = Step.Open;
                return 1;
        }
    }

    private struct File
    {
        public Step Step;
        public ulong Node;
        public ulong Handle;
    }
}
