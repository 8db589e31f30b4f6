using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Wrappers;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>What a share offers. It can be opened anew as long as the same file or directory is at the path.</summary>
internal sealed class SharedPath(ShareOptions options)
{
    private FileIdentity? _identity;

    /// <summary>Opens it for the first time.</summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    internal IFileSystem Open()
    {
        string path = Path.GetFullPath(options.Path);
        _identity = Identify(path);
        return SharedFileSystem.Open(path, options.FileSystem);
    }

    /// <summary>Opens it once more. Null where that is not possible, or something else is at the path.</summary>
    internal IFileSystem? TryOpenAgain()
    {
        string path = Path.GetFullPath(options.Path);
        try
        {
            IFileSystem files = SharedFileSystem.Open(path, options.FileSystem);
            if (_identity is not null && Identify(path) == _identity)
            {
                return files;
            }

            files.Dispose();
            return null;
        }
        catch (Exception fault) when (fault is LinuxException or IOException)
        {
            return null;
        }
    }

    private static FileIdentity? Identify(string path)
    {
        int descriptor = Files.Open(path, OpenFlags.Path);
        if (descriptor < 0)
        {
            return null;
        }

        int result = FileStatus.Of(descriptor, out FileStatus status);
        FileDescriptor.Close(descriptor);
        return result < 0 ? null : FileIdentity.Of(status);
    }
}
