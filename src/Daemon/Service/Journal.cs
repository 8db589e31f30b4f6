using System.Globalization;
using VirtioFs.Linux;

namespace VirtioFs.Daemon.Service;

/// <summary>Whether the standard error is systemd's journal (systemd.exec(5), <c>JOURNAL_STREAM</c>), which reads a line's priority from its beginning.</summary>
internal static class Journal
{
    private const int StandardError = 2;

    internal static bool IsStandardError()
    {
        if (Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not { } stream || FileStatus.Of(StandardError, out FileStatus status) < 0)
        {
            return false;
        }

        // makedev(3).
        (ulong major, ulong minor) = (status.DeviceMajor, status.DeviceMinor);
        ulong device = (minor & 0xFF) | ((major & 0xFFF) << 8) | ((minor & ~0xFFUL) << 12) | ((major & ~0xFFFUL) << 32);
        return stream == string.Create(CultureInfo.InvariantCulture, $"{device}:{status.Inode}");
    }
}
