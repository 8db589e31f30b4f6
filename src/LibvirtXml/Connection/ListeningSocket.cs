namespace VirtioFs.LibvirtXml;

/// <summary>A Unix socket of this network namespace that accepts connections.</summary>
/// <param name="Inode">The lower 32 bits of its file's inode number.</param>
/// <param name="Device">The file's device as the kernel numbers it: 20 bits for the minor number.</param>
/// <param name="Name">The name that it was bound to, which its owner chose.</param>
internal readonly record struct ListeningSocket(uint Inode, uint Device, string Name);
