namespace VirtioFs.Fuse.Inspection;

/// <summary>A file or directory that a guest holds open.</summary>
/// <param name="Handle">The handle, which no other open file of the share ever has again.</param>
/// <param name="Node">The node id that it was opened as.</param>
/// <param name="IsDirectory">Whether it is a directory.</param>
/// <param name="Access">What the host's descriptor is open for.</param>
/// <param name="Appends">Whether each write goes to the end.</param>
/// <param name="Path">Where the host has it, with <c> (deleted)</c> behind it when it has no name any more; null when that cannot be told.</param>
public sealed record SessionFile(ulong Handle, ulong Node, bool IsDirectory, FileAccess Access, bool Appends, string? Path);
