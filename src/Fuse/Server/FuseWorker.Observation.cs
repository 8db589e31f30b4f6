using System.Diagnostics;
using System.Text;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.Fuse.Server;

/// <summary>What is kept of a request that was answered: a count always, its time and itself where somebody wants to know.</summary>
public sealed unsafe partial class FuseWorker
{
    private long _writtenBefore;

    /// <summary>When a request was taken up, in ticks; 0 when nobody wants to know.</summary>
    private long BeginObservation()
    {
        if (!_server.IsObserved)
        {
            return 0;
        }

        if (_server.IsWatched)
        {
            _writtenBefore = Counters.BytesWritten;
            *_memory.FirstText = 0;
            *_memory.SecondText = 0;
        }

        return Stopwatch.GetTimestamp();
    }

    private void NoteAnswer(in InHeader header, nint result, long begin)
    {
        Counters.Note(header.Opcode, result);
        if (begin == 0)
        {
            return;
        }

        long now = Stopwatch.GetTimestamp();
        long nanoseconds = (long)Stopwatch.GetElapsedTime(begin, now).TotalNanoseconds;
        Counters.NoteDuration(header.Opcode, nanoseconds);
        if (_server.IsWatched)
        {
            long bytes = header.Opcode == FuseOpcode.Read ? Math.Max(0, result) : Counters.BytesWritten - _writtenBefore;
            _server.Tell(Describe(header, result, now, nanoseconds, bytes));
        }
    }

    private WatchedOperation Describe(in InHeader header, nint result, long now, long nanoseconds, long bytes) => new(
        now,
        nanoseconds,
        header.Unique,
        header.Opcode,
        header.NodeId,
        header.UserId,
        header.GroupId,
        header.ProcessId,
        result < 0 ? (int)-result : 0,
        bytes,
        HasName(header.Opcode) ? Read(_memory.FirstText) : null,
        header.Opcode is FuseOpcode.Rename or FuseOpcode.Rename2 or FuseOpcode.SymbolicLink ? Read(_memory.SecondText) : null);

    private static string? Read(byte* text)
    {
        ReadOnlySpan<byte> bytes = new(text, WorkerMemory.MaximumTarget + 1);
        int length = bytes.IndexOf((byte)0);
        return length <= 0 ? null : Encoding.UTF8.GetString(bytes[..length]);
    }

    // Those that read a name into the worker's memory.
    private static bool HasName(FuseOpcode opcode) => opcode is FuseOpcode.Lookup or FuseOpcode.Create or FuseOpcode.MakeNode
        or FuseOpcode.MakeDirectory or FuseOpcode.Unlink or FuseOpcode.RemoveDirectory or FuseOpcode.Rename or FuseOpcode.Rename2
        or FuseOpcode.SymbolicLink or FuseOpcode.Link or FuseOpcode.GetExtendedAttribute or FuseOpcode.SetExtendedAttribute
        or FuseOpcode.RemoveExtendedAttribute;
}
