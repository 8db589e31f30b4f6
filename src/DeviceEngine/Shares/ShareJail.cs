using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using VirtioFs.Fuse.Operations;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>Makes the jail that a share's options ask for.</summary>
internal static class ShareJail
{
    // Where the runtime looks how much memory is free and how much it may use, whenever it collects garbage.
    private static readonly string[] s_memory = ["/proc/meminfo", "/sys/fs/cgroup"];

    /// <summary>The jail, or null for none.</summary>
    /// <exception cref="JailException">All layers are required, and one cannot be had.</exception>
    internal static ThreadJail? Create(JailUse use, IFileSystem fileSystem)
    {
        if (use == JailUse.None)
        {
            return null;
        }

        if (fileSystem.Needs is not JailNeeds needs)
        {
            return use == JailUse.Available ? null : throw new JailException(
                "The file system does not say what its threads need, so they cannot be confined as it is required. Share it without a jail.");
        }

        ThreadJail jail = ThreadJail.Create(needs, [.. CodeDirectories(), .. s_memory], leavesLandlockOut: use == JailUse.Available);
        if (use == JailUse.Required && jail.Layers != JailLayers.All)
        {
            using (jail)
            {
                throw new JailException($"Not all layers of the jail hold that is required: {jail.Lacking} Require none, to share with those that do.");
            }
        }

        return jail;
    }

    /// <summary>
    /// Where the runtime loads code from when a method is called for the first time or compiled anew: its own directory, the program's and the
    /// engine's. Not a home directory, though a program may lie in it.
    /// </summary>
    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "A program that is one file has no other directory to read code from.")]
    private static List<string> CodeDirectories()
    {
        string[] directories =
        [
            RuntimeEnvironment.GetRuntimeDirectory(),
            AppContext.BaseDirectory,
            System.IO.Path.GetDirectoryName(typeof(ShareJail).Assembly.Location) ?? string.Empty,
        ];
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return
        [
            .. directories
                .Select(System.IO.Path.TrimEndingDirectorySeparator)
                .Where(directory => directory.Length > 1 && directory != home)
                .Distinct(),
        ];
    }
}
