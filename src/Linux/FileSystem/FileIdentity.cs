using System.Text;

namespace VirtioFs.Linux;

/// <summary>Which file a path names, so that it can be told later whether it still does.</summary>
/// <param name="DeviceMajor">Major number of the device that the file lies on.</param>
/// <param name="DeviceMinor">Minor number of that device.</param>
/// <param name="Inode">Inode number.</param>
/// <param name="Type">The type part of the mode, such as <see cref="FileStatus.Socket"/>.</param>
public readonly record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode, uint Type)
{
    /// <summary>True for a socket.</summary>
    public bool IsSocket => Type == FileStatus.Socket;

    /// <summary>The identity of a file that statx(2) told of.</summary>
    public static FileIdentity Of(in FileStatus status) => new(status.DeviceMajor, status.DeviceMinor, status.Inode, status.Type);

    /// <summary>Looks at what lies at a path; a link is not followed. False when nothing can be seen there.</summary>
    public static unsafe bool TryGet(string path, out FileIdentity identity)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            int result = FileStatus.Of(Files.WorkingDirectory, name, out FileStatus status);
            identity = result < 0 ? default : Of(status);
            return result == 0;
        }
    }
}
