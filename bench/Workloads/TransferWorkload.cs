using VirtioFs.Bench.BackEnds;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Bench.Workloads;

/// <summary>READ or WRITE of one size in one file, at random or one after the other.</summary>
internal sealed class TransferWorkload(string name, bool write, int bytes, bool random) : Workload(name)
{
    private ulong _node, _handle;
    private int _blocks, _next;

    public override int BytesPerOperation => bytes;

    public override void Prepare(BenchSession session, int depth)
    {
        (_node, _handle) = session.Scratch.DataFile(session.Settings.FileBytes);
        _blocks = (int)(session.Settings.FileBytes / bytes);
        _next = 0;
    }

    public override void Next(FuseRequest request)
    {
        int block = random ? Random(_blocks) : _next;
        _next = _next + 1 == _blocks ? 0 : _next + 1;
        ulong offset = (ulong)block * (ulong)bytes;
        if (write)
        {
            request.Begin(FuseOpcode.Write, _node)
                .Append(new FuseWriteIn { Handle = _handle, Offset = offset, Size = (uint)bytes })
                .SendData(bytes)
                .Expect<FuseWriteOut>();
            return;
        }

        request.Begin(FuseOpcode.Read, _node)
            .Append(new FuseReadIn { Handle = _handle, Offset = offset, Size = (uint)bytes })
            .ExpectData(bytes);
    }

    public override int Complete(FuseRequest request)
    {
        int moved = write ? (int)request.Result<FuseWriteOut>().Size : request.DataLength;
        return moved == bytes
            ? 1
            : throw new BenchException($"{Name}: {moved} of {bytes} bytes were moved. Is the share's file system full?");
    }
}
