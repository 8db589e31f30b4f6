using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;

namespace VirtioFs.Cmdlets;

/// <summary>A file or directory that a guest holds open, as it was at one moment.</summary>
public sealed class VirtioFsOpenFile
{
    internal VirtioFsOpenFile(IRunningShare share, ShareSession session, SessionFile file, IEnumerable<SessionLock> locks)
    {
        ShareId = share.Id;
        Session = session.Number;
        Tag = share.Options.Tag;
        Handle = file.Handle;
        Node = file.Node;
        Path = file.Path;
        IsDirectory = file.IsDirectory;
        Access = file.Access;
        Appends = file.Appends;
        Locks = [.. locks.Select(held => new VirtioFsLock(held))];
    }

    /// <summary>The id of the share.</summary>
    public int ShareId { get; }

    /// <summary>The session's number in its share.</summary>
    public long Session { get; }

    /// <summary>The share's tag.</summary>
    public string Tag { get; }

    /// <summary>The handle of FUSE; no other file of the share ever has it again.</summary>
    public ulong Handle { get; }

    /// <summary>The node id of FUSE.</summary>
    public ulong Node { get; }

    /// <summary>Where the host has it, with <c> (deleted)</c> behind it when it has no name any more; null when that cannot be told.</summary>
    public string? Path { get; }

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory { get; }

    /// <summary>What it is open for.</summary>
    public FileAccess Access { get; }

    /// <summary>Whether each write goes to the end.</summary>
    public bool Appends { get; }

    /// <summary>The locks that were taken through it, and those on its file that are waited for.</summary>
    public VirtioFsLock[] Locks { get; }

    /// <summary>The path.</summary>
    public override string ToString() => Path ?? $"handle {Handle}";
}
