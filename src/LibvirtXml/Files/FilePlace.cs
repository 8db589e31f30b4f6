using Microsoft.Win32.SafeHandles;
using RealPath = VirtioFs.Linux.RealPath;

namespace VirtioFs.LibvirtXml.Files;

/// <summary>
/// Where a file is to be written: an open folder and a name in it that is no symbolic link. A link is followed as long as it stays
/// within the folder that the user pointed at; after that nothing follows a link, whatever others do to the names meanwhile.
/// </summary>
internal sealed class FilePlace : IDisposable
{
    private FilePlace(string path, SafeFileHandle folder, string name)
    {
        Path = path;
        Folder = folder;
        Name = name;
    }

    /// <summary>The path as the user knows it, for messages.</summary>
    public string Path { get; }

    public SafeFileHandle Folder { get; }

    public string Name { get; }

    /// <summary>Opens the folder of a file.</summary>
    /// <param name="path">The file's absolute path.</param>
    /// <returns>The place; dispose of it.</returns>
    /// <exception cref="IOException">The folder is not there, or a link leads out of it.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission, or a link in a shared folder is somebody else's.</exception>
    public static FilePlace Of(string path)
    {
        string folderPath = System.IO.Path.GetDirectoryName(path) ?? throw new IOException($"'{path}' is a folder. Name a file.");
        string name = System.IO.Path.GetFileName(path);
        SafeFileHandle folder = OpenFolder(null, folderPath, path, followsLinks: true);
        try
        {
            if (FileStatus.Find(folder, name) is not { IsLink: true } link)
            {
                return new FilePlace(path, folder, name);
            }

            RequireTrusted(link, FileStatus.Of(folder), path);
            string[] steps = StepsWithin(folderPath, path);
            foreach (string step in steps[..^1])
            {
                SafeFileHandle next = OpenFolder(folder, step, path, followsLinks: false);
                folder.Dispose();
                folder = next;
            }

            return new FilePlace(path, folder, steps[^1]);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public void Dispose() => Folder.Dispose();

    private static SafeFileHandle OpenFolder(SafeFileHandle? parent, string name, string path, bool followsLinks)
    {
        int flags = FileCalls.OpenPath | FileCalls.OpenDirectory | (followsLinks ? 0 : FileCalls.OpenNoFollow);
        SafeFileHandle? folder = FileCalls.Open(parent, name, flags, 0, out int error);
        return folder ?? throw (error == FileCalls.NoEntry
            ? new DirectoryNotFoundException($"The folder of '{path}' is not there. Make it first, or name another one.")
            : FileError.Of(error, $"The folder of '{path}' cannot be opened"));
    }

    /// <summary>As the kernel's protected_symlinks: in a folder that others write, a link that somebody else put there is no word of the user's.</summary>
    private static void RequireTrusted(FileStatus link, FileStatus folder, string path)
    {
        if (link.UserId != folder.UserId && link.UserId != FileCalls.EffectiveUser())
        {
            throw new UnauthorizedAccessException($"'{path}' is a symbolic link that belongs to user {link.UserId}, and is not followed. Name the file itself.");
        }
    }

    private static string[] StepsWithin(string folderPath, string path)
    {
        string target = RealPath.Of(path) ?? throw new IOException($"'{path}' is a symbolic link that leads nowhere. Remove it, or name another file.");
        string within = (RealPath.Of(folderPath) ?? folderPath).TrimEnd('/') + '/';
        return target.StartsWith(within, StringComparison.Ordinal)
            ? target[within.Length..].Split('/')
            : throw new IOException($"'{path}' is a symbolic link to '{target}', outside of its folder, and is not followed. Name that file itself.");
    }
}
