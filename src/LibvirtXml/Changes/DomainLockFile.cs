using Microsoft.Win32.SafeHandles;
using VirtioFs.LibvirtXml.Files;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>
/// Where lock files lie. Root and the members of the group libvirt, who change the same domains, share a folder that root makes; nobody else can open
/// what is in it, and so hold a lock. Everybody else has a folder of their own.
/// </summary>
internal static class DomainLockFile
{
    private const string SharedFolder = "/run/virtiofs-locks", OwnFolder = "virtiofs-locks", Group = "libvirt";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerAndGroup = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;
    private const UnixFileMode ReadAndWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private const int Attempts = 20, PauseMilliseconds = 10;

    /// <summary>Opens a lock file, and makes it if need be.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="DomainRuleException">There is no folder for it.</exception>
    public static SafeFileHandle Open(string name)
    {
        if (OpenShared(name) is SafeFileHandle shared)
        {
            return shared;
        }

        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        string?[] parents = [Path.IsPathRooted(runtime) ? runtime : null, Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)];
        foreach (string parent in parents.OfType<string>().Where(Directory.Exists))
        {
            string folder = Path.Combine(parent, OwnFolder);
            if (TryMake(folder) && OpenFolder(folder) is SafeFileHandle own)
            {
                using (own)
                {
                    if (OpenIn(own, name) is SafeFileHandle file)
                    {
                        return file;
                    }
                }
            }
        }

        throw new DomainRuleException(
            "NoLockFolder",
            "There is no folder where lock files can be made, so no domain is changed. Set XDG_RUNTIME_DIR to a folder that is yours alone.",
            ErrorKind.InvalidState);
    }

    private static SafeFileHandle? OpenShared(string name)
    {
        if (Environment.IsPrivilegedProcess && !TryMake(SharedFolder))
        {
            return null;
        }

        using SafeFileHandle? folder = OpenFolder(SharedFolder);
        if (folder is null || FileStatus.Of(folder).UserId != 0)
        {
            return null;
        }

        if (Environment.IsPrivilegedProcess)
        {
            ShareWithGroup(folder);
        }

        return OpenIn(folder, name);
    }

    private static bool TryMake(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Lets the group in that libvirt's packages let change domains, where there is one.</summary>
    private static void ShareWithGroup(SafeFileHandle folder)
    {
        const uint Permission = 0xFFF;
        FileStatus status = FileStatus.Of(folder);
        if (Linux.UnixGroup.Find(Group) is not uint group)
        {
            // Whoever made the folder may have let everybody in.
            _ = (status.Mode & Permission) == (uint)OwnerOnly ? 0 : FileCalls.SetMode(folder, OwnerOnly);
            return;
        }

        if (status.GroupId != group || (status.Mode & Permission) != (uint)OwnerAndGroup)
        {
            _ = FileCalls.SetOwner(folder, 0, group);
            _ = FileCalls.SetMode(folder, OwnerAndGroup);
        }
    }

    private static SafeFileHandle? OpenFolder(string path) => FileCalls.Open(null, path, FileCalls.OpenDirectory | FileCalls.OpenNoFollow, 0, out _);

    /// <summary>Opens the file, which nobody has to be able to read: a link that a member of the group has put there is not followed.</summary>
    private static SafeFileHandle? OpenIn(SafeFileHandle folder, string name)
    {
        const int Existing = FileCalls.OpenReadWrite | FileCalls.OpenNonBlocking, New = Existing | FileCalls.OpenCreate | FileCalls.OpenExclusive;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            SafeFileHandle? file = FileCalls.Open(folder, name, Existing | FileCalls.OpenNoFollow, 0, out int error);
            if (file is not null)
            {
                OpenToGroup(file);
                return file;
            }

            if (error == FileCalls.NoEntry)
            {
                file = FileCalls.Open(folder, name, New | FileCalls.OpenNoFollow, (uint)ReadAndWrite, out error);
                if (file is not null)
                {
                    OpenToGroup(file);
                    return file;
                }
            }

            if (error is not (FileCalls.Exists or FileCalls.NoAccess))
            {
                return null;
            }

            // Another process has just made it, and opens it to the group in a moment.
            Thread.Sleep(PauseMilliseconds);
        }

        return null;
    }

    /// <summary>Lets the others of the group in, whatever the umask is, also where the process that made the file was ended before it did.</summary>
    private static void OpenToGroup(SafeFileHandle file)
    {
        FileStatus status = FileStatus.Of(file);
        if (status.Permission != ReadAndWrite && FileCalls.EffectiveUser() is uint user && (user == 0 || user == status.UserId))
        {
            _ = FileCalls.SetMode(file, ReadAndWrite);
        }
    }
}
