using System.Diagnostics;
using VirtioFs.DeviceEngine.Observation;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Linux;

namespace VirtioFs.Cmdlets;

/// <summary>One request of a guest, as it was answered.</summary>
public sealed class VirtioFsOperation
{
    internal VirtioFsOperation(IRunningShare share, in ObservedOperation observed, long dropped)
    {
        WatchedOperation operation = observed.Operation;
        Time = DateTimeOffset.Now - Stopwatch.GetElapsedTime(operation.EndedAt);
        ShareId = share.Id;
        Tag = share.Options.Tag;
        Operation = operation.Opcode.ToString();
        ProcessId = operation.ProcessId;
        UserId = operation.UserId == uint.MaxValue ? null : operation.UserId;
        GroupId = operation.GroupId == uint.MaxValue ? null : operation.GroupId;
        Node = operation.Node;
        Path = PathOf(observed);
        NewName = operation.OtherName;
        Bytes = operation.Bytes;
        Duration = VirtioFsOperationStatistic.TimeOf(operation.Nanoseconds);
        ErrorNumber = operation.Error;
        Error = operation.Error == 0 ? null : Errno.Name(operation.Error);
        Dropped = dropped;
    }

    /// <summary>When it was answered.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>The id of the share.</summary>
    public int ShareId { get; }

    /// <summary>The share's tag.</summary>
    public string Tag { get; }

    /// <summary>What was asked for, such as Lookup or Read.</summary>
    public string Operation { get; }

    /// <summary>The caller's process in the guest; 0 for the guest's kernel.</summary>
    public uint ProcessId { get; }

    /// <summary>The caller's user in the guest; null when the guest names none.</summary>
    public uint? UserId { get; }

    /// <summary>The caller's group in the guest; null when the guest names none.</summary>
    public uint? GroupId { get; }

    /// <summary>The node id of FUSE.</summary>
    public ulong Node { get; }

    /// <summary>Where the host has it, as far as that is known shortly after; the name alone where its directory is not.</summary>
    public string? Path { get; }

    /// <summary>The new name of a rename, or the target of a symbolic link.</summary>
    public string? NewName { get; }

    /// <summary>Bytes of file data read or written.</summary>
    public long Bytes { get; }

    /// <summary>How long the thread that answered was at it.</summary>
    public TimeSpan Duration { get; }

    /// <summary>The error, such as ENOENT; null for success.</summary>
    public string? Error { get; }

    /// <summary>The number of the error; 0 for success.</summary>
    public int ErrorNumber { get; }

    /// <summary>How many operations of this watch were dropped so far, since they came faster than they were taken.</summary>
    public long Dropped { get; }

    /// <summary>The operation and what it was about.</summary>
    public override string ToString() => Path is null ? Operation : $"{Operation} {Path}";

    private static string? PathOf(in ObservedOperation observed)
    {
        (WatchedOperation operation, string? node) = observed;
        bool isInDirectory = operation.Name is not null && !operation.Opcode.ToString().Contains("ExtendedAttribute", StringComparison.Ordinal);
        return !isInDirectory ? node : node is null ? operation.Name : System.IO.Path.Join(node, operation.Name);
    }
}
