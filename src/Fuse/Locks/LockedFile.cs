namespace VirtioFs.Fuse;

/// <summary>A file on which locks are held or waited for.</summary>
internal sealed class LockedFile(ulong node)
{
    internal ulong Node { get; } = node;

    /// <summary>All owners' ranges.</summary>
    internal RangeIndex Held { get; } = new();

    /// <summary>What requests wait for.</summary>
    internal RangeIndex Awaited { get; } = new();

    internal bool IsIdle => Held.IsEmpty && Awaited.IsEmpty;
}
