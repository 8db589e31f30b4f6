namespace VirtioFs.Fuse.Inspection;

/// <summary>An inode that a guest knows.</summary>
/// <param name="Node">The node id by which the guest names it.</param>
/// <param name="Lookups">References that the guest holds: as many as it has to give back with FORGET.</param>
/// <param name="Inode">The host's inode number.</param>
/// <param name="Type">The file type, as in a mode (<c>S_IFMT</c>, <c>inode(7)</c>).</param>
/// <param name="Path">Where the host has it; null when no descriptor holds it now.</param>
public sealed record SessionInode(ulong Node, ulong Lookups, ulong Inode, uint Type, string? Path);
