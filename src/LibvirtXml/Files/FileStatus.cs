using Microsoft.Win32.SafeHandles;

namespace VirtioFs.LibvirtXml.Files;

/// <summary>What the kernel says of a file (`struct statx`, the same on every architecture).</summary>
internal readonly unsafe record struct FileStatus
{
    private const int StatxSize = 256;

    public required uint UserId { get; init; }

    public required uint GroupId { get; init; }

    public required uint LinkCount { get; init; }

    /// <summary>Type and permission (`st_mode`).</summary>
    public required uint Mode { get; init; }

    /// <summary>Tells this content of this file from what takes its place later.</summary>
    public required FileStamp Stamp { get; init; }

    public UnixFileMode Permission => (UnixFileMode)(Mode & 0x1FF);

    public bool IsRegular => (Mode & 0xF000) == 0x8000;

    public bool IsSocket => (Mode & 0xF000) == 0xC000;

    public bool IsLink => (Mode & 0xF000) == 0xA000;

    public static FileStatus Of(SafeFileHandle file) => Find(file, string.Empty) ?? throw new IOException("A file that is open has no status.");

    /// <summary>The status of a name in a folder, links not followed; null when nothing has the name.</summary>
    public static FileStatus? Find(SafeFileHandle folder, string name)
    {
        byte* status = stackalloc byte[StatxSize];
        int error = FileCalls.Status(folder, name, status);
        if (error == FileCalls.NoEntry)
        {
            return null;
        }

        FileError.Require(error, $"The file '{name}' cannot be looked at");
        return new FileStatus
        {
            LinkCount = *(uint*)(status + 16),
            UserId = *(uint*)(status + 20),
            GroupId = *(uint*)(status + 24),
            Mode = *(ushort*)(status + 28),
            Stamp = new FileStamp(
                *(ulong*)(status + 136),
                *(ulong*)(status + 32),
                *(ulong*)(status + 40),
                *(long*)(status + 112),
                *(uint*)(status + 120)),
        };
    }
}
