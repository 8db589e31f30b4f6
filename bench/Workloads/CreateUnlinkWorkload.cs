using VirtioFs.Bench.BackEnds;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Bench.Workloads;

/// <summary>CREATE, WRITE of some bytes if wanted, RELEASE, UNLINK and FORGET of a file; one operation is the whole of it.</summary>
internal sealed class CreateUnlinkWorkload(string name, int writtenBytes) : Workload(name)
{
    private const uint CreateForWriting = 0x8000 | 0x80 | 0x40 | 0x2, PermitAll = 0x1b6;

    private BenchSession? _session;
    private File[] _files = [];

    private enum Step
    {
        Create,
        Write,
        Release,
        Unlink,
    }

    public override int BytesPerOperation => writtenBytes;

    public override void Prepare(BenchSession session, int depth)
    {
        _session = session;
        _files = [.. Enumerable.Range(0, depth).Select(i => new File { Name = $"new-{i:000}" })];
    }

    public override void Next(FuseRequest request)
    {
        ref File file = ref _files[request.Tag];
        switch (file.Step)
        {
            case Step.Create:
                request.Begin(FuseOpcode.Create, _session!.Scratch.Node)
                    .Append(new FuseCreateIn { Flags = CreateForWriting, Mode = PermitAll })
                    .AppendName(file.Name)
                    .Expect<FuseCreateOut>();
                break;
            case Step.Write:
                request.Begin(FuseOpcode.Write, file.Node)
                    .Append(new FuseWriteIn { Handle = file.Handle, Size = (uint)writtenBytes })
                    .SendData(writtenBytes)
                    .Expect<FuseWriteOut>();
                break;
            case Step.Release:
                request.Begin(FuseOpcode.Release, file.Node).Append(new FuseReleaseIn { Handle = file.Handle });
                break;
            default:
                request.Begin(FuseOpcode.Unlink, _session!.Scratch.Node).AppendName(file.Name);
                break;
        }
    }

    public override int Complete(FuseRequest request)
    {
        ref File file = ref _files[request.Tag];
        switch (file.Step)
        {
            case Step.Create:
                ref readonly FuseCreateOut made = ref request.Result<FuseCreateOut>();
                (file.Node, file.Handle) = (made.Entry.NodeId, made.Open.Handle);
                file.Step = writtenBytes == 0 ? Step.Release : Step.Write;
                return 0;
            case Step.Write:
                file.Step = Step.Release;
                return 0;
            case Step.Release:
                file.Step = Step.Unlink;
                return 0;
            default:
                file.Step = Step.Create;
                _session!.Forgets.Send(file.Node);
                return 1;
        }
    }

    private struct File
    {
        public required string Name;
        public Step Step;
        public ulong Node;
        public ulong Handle;
    }
}
