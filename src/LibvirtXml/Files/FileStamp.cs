namespace VirtioFs.LibvirtXml.Files;

/// <summary>A file's identity, and the size and time of its content.</summary>
/// <param name="Device">The device, as its two numbers stand side by side.</param>
/// <param name="Inode">The inode number.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Seconds">The time of the last change of its content.</param>
/// <param name="Nanoseconds">The part of a second of that time.</param>
internal readonly record struct FileStamp(ulong Device, ulong Inode, ulong Size, long Seconds, uint Nanoseconds)
{
    public bool IsSameFile(FileStamp other) => Device == other.Device && Inode == other.Inode;
}
