using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough;
using VirtioFs.Fuse.Passthrough.Options;

namespace VirtioFs.Fuse.Wrappers;

/// <summary>Chooses the file system of a share.</summary>
public static class SharedFileSystem
{
    /// <summary>Opens a directory, or a single file (<see cref="SingleFileFileSystem"/>), with all that the options ask for around it.</summary>
    /// <inheritdoc cref="PassthroughFileSystem(string, PassthroughOptions)"/>
    public static IFileSystem Open(string path, PassthroughOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        IFileSystem files = SingleFileFileSystem.Find(path) is string file
            ? new SingleFileFileSystem(file, options)
            : new PassthroughFileSystem(path, options);
        return options.ReadOnly ? new ReadOnlyFileSystem(files) : files;
    }
}
