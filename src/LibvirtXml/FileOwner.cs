using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml;

/// <summary>A file's user and group.</summary>
/// <param name="UserId">The user.</param>
/// <param name="GroupId">The group.</param>
internal sealed partial record FileOwner(uint UserId, uint GroupId)
{
    private const int AtCurrentDirectory = -100;
    private const uint MaskUserAndGroup = 0x8 | 0x10;

    /// <summary>The bytes of `struct statx`, the same on every architecture; stx_uid stands at 20, stx_gid at 24.</summary>
    private const int StatxSize = 256;

    public static unsafe FileOwner Of(string path)
    {
        byte* status = stackalloc byte[StatxSize];
        int result = Statx(AtCurrentDirectory, path, 0, MaskUserAndGroup, status);
        return result == 0
            ? new FileOwner(*(uint*)(status + 20), *(uint*)(status + 24))
            : throw new IOException($"The owner of '{path}' cannot be read: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
    }

    public bool TryApply(string path) => Chown(path, UserId, GroupId) == 0;

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int directory, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chown(string path, uint userId, uint groupId);
}
