using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.Fuse.Server;

/// <summary>How often each operation was answered. One thread counts without locks; others may read at any time.</summary>
public sealed class OperationCounters
{
    private const int Slots = 64;
    private readonly long[] _answered = new long[Slots];
    private readonly long[] _failed = new long[Slots];
    private readonly DurationHistogram?[] _durations = new DurationHistogram?[Slots];
    private long _malformed;
    private long _bytesRead;
    private long _bytesWritten;

    /// <summary>Requests that were no requests: too short, or with no room for an answer.</summary>
    public long Malformed => Volatile.Read(ref _malformed);

    /// <summary>Bytes of file data given to the guest.</summary>
    public long BytesRead => Volatile.Read(ref _bytesRead);

    /// <summary>Bytes of file data taken from the guest.</summary>
    public long BytesWritten => Volatile.Read(ref _bytesWritten);

    /// <summary>All requests answered.</summary>
    public long Total
    {
        get
        {
            long total = 0;
            for (int i = 0; i < Slots; i++)
            {
                total += Volatile.Read(ref _answered[i]);
            }

            return total;
        }
    }

    /// <summary>Requests of one kind that were answered, with success or not.</summary>
    public long Answered(FuseOpcode opcode) => Volatile.Read(ref _answered[Slot(opcode)]);

    /// <summary>Requests of one kind that were answered with an error.</summary>
    public long Failed(FuseOpcode opcode) => Volatile.Read(ref _failed[Slot(opcode)]);

    /// <summary>How long requests of one kind took, each on the thread that answered it; null when none was measured.</summary>
    public DurationHistogram? Durations(FuseOpcode opcode) => Volatile.Read(ref _durations[Slot(opcode)]);

    internal void NoteDuration(FuseOpcode opcode, long nanoseconds) => DurationsOf(Slot(opcode)).Note(nanoseconds);

    internal void Note(FuseOpcode opcode, nint result)
    {
        int slot = Slot(opcode);
        _answered[slot]++;
        if (result < 0)
        {
            _failed[slot]++;
        }
        else if (opcode == FuseOpcode.Read)
        {
            _bytesRead += result;
        }
    }

    internal void NoteWritten(nint bytes) => _bytesWritten += bytes;

    internal void NoteMalformed() => _malformed++;

    /// <summary>Adds what others have counted.</summary>
    public void Add(OperationCounters other)
    {
        for (int i = 0; i < Slots; i++)
        {
            _answered[i] += Volatile.Read(ref other._answered[i]);
            _failed[i] += Volatile.Read(ref other._failed[i]);
            if (Volatile.Read(ref other._durations[i]) is DurationHistogram durations)
            {
                DurationsOf(i).Add(durations);
            }
        }

        _malformed += other.Malformed;
        _bytesRead += other.BytesRead;
        _bytesWritten += other.BytesWritten;
    }

    /// <summary>The counts, to be written down.</summary>
    public OperationCountersState Save()
    {
        List<OperationCountersState.OperationState> operations = [];
        for (int i = 0; i < Slots; i++)
        {
            DurationHistogram? durations = Volatile.Read(ref _durations[i]);
            long answered = Volatile.Read(ref _answered[i]);
            if (answered > 0)
            {
                operations.Add(new((FuseOpcode)i, answered, Volatile.Read(ref _failed[i]), durations?.Longest ?? 0, durations?.Save() ?? []));
            }
        }

        return new OperationCountersState { Malformed = Malformed, BytesRead = BytesRead, BytesWritten = BytesWritten, Operations = operations };
    }

    /// <summary>The counters that were written down.</summary>
    public static OperationCounters Of(OperationCountersState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        OperationCounters counters = new() { _malformed = state.Malformed, _bytesRead = state.BytesRead, _bytesWritten = state.BytesWritten };
        foreach (OperationCountersState.OperationState operation in state.Operations)
        {
            int slot = Slot(operation.Opcode);
            counters._answered[slot] = operation.Answered;
            counters._failed[slot] = operation.Failed;
            counters._durations[slot] = operation.Durations is { Count: > 0 } durations ? DurationHistogram.Of(durations, operation.Longest) : null;
        }

        return counters;
    }

    // A worker makes each kind's once, the first time that it answers one.
    private DurationHistogram DurationsOf(int slot)
    {
        DurationHistogram? durations = _durations[slot];
        if (durations is null)
        {
            durations = new DurationHistogram();
            Volatile.Write(ref _durations[slot], durations);
        }

        return durations;
    }

    // Slot 0 is no opcode's: it takes those that nobody knows.
    private static int Slot(FuseOpcode opcode) => (uint)opcode < Slots ? (int)opcode : 0;
}
