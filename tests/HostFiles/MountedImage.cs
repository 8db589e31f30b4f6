using System.Diagnostics;

namespace VirtioFs.HostFiles;

/// <summary>A file system of its own for a test: an image in a loop device, or memory.</summary>
internal sealed class MountedImage : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly string _type;

    private MountedImage(string type)
    {
        _type = type;
        Path = Directory.CreateDirectory(_scratch["mounted"]).FullName;
        Disk = Directory.CreateDirectory(_scratch["disk"]).FullName;
    }

    /// <summary>Where it is mounted.</summary>
    internal string Path { get; }

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>The folder of the image, or of the layers.</summary>
    private string Disk { get; }

    private string ImageFile => System.IO.Path.Combine(Disk, "image");

    /// <summary>Makes and mounts one, or skips the running test where that cannot be done.</summary>
    internal static MountedImage Create(string type, int mebibytes = 320, params string[] formatOptions) =>
        Create(type, mebibytes, diskInMemory: false, formatOptions);

    /// <summary>Makes and mounts one whose disk holds less than it says: what it cannot hold, it answers with an error of the device.</summary>
    /// <param name="type">The type.</param>
    /// <param name="mebibytes">How large it believes to be.</param>
    /// <param name="spareMebibytes">How much can still be written to the disk.</param>
    internal static MountedImage CreateOnSmallDisk(string type, int mebibytes, int spareMebibytes)
    {
        MountedImage image = Create(type, mebibytes, diskInMemory: true, []);
        long used = Used(image.Disk);
        Run("mount", "-o", $"remount,size={used + (spareMebibytes * 1024L * 1024)}", image.Disk);
        return image;
    }

    /// <summary>Makes and mounts a btrfs whose quota is used up before the disk is.</summary>
    internal static MountedImage CreateWithQuota(int mebibytes)
    {
        MountedImage image = Create("btrfs");
        Run("btrfs", "quota", "enable", image.Path);
        Run("btrfs", "qgroup", "limit", $"{mebibytes}M", image.Path);
        return image;
    }

    /// <summary>Makes and mounts an overlay in memory, over what is put into its lower layer first.</summary>
    internal static MountedImage CreateOverlay(Action<string> fillLower)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can mount file systems.");
        MountedImage image = new("overlay");
        try
        {
            Run("mount", "-t", "tmpfs", "none", image.Disk);
            string[] layers = [.. new[] { "lower", "upper", "work" }.Select(name => System.IO.Path.Combine(image.Disk, name))];
            Array.ForEach(layers, layer => Directory.CreateDirectory(layer));
            fillLower(layers[0]);
            Run("mount", "-t", "overlay", "-o", $"lowerdir={layers[0]},upperdir={layers[1]},workdir={layers[2]}", "none", image.Path);
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>Changes how it is mounted, such as <c>ro</c>.</summary>
    internal void Remount(string options) => Run("mount", "-o", $"remount,{options}", Path);

    /// <summary>Unmounts it, which fails while anybody uses it, and mounts it again: nothing of it is in memory then.</summary>
    internal void MountAgain()
    {
        Run("umount", Path);
        Mount();
    }

    /// <summary>Makes a disk that was too small as large as the image.</summary>
    internal void EnlargeDisk() => Run("mount", "-o", "remount,size=50%", Disk);

    /// <summary>Makes the disk shorter than the image. What lies behind its end cannot be read any more.</summary>
    internal void CutDisk(int mebibytes)
    {
        using FileStream file = File.OpenWrite(ImageFile);
        file.SetLength(mebibytes * 1024L * 1024);
    }

    public void Dispose()
    {
        foreach (string mounted in (string[])[Path, Disk])
        {
            if (File.ReadLines("/proc/self/mounts").Any(line => line.Split(' ')[1] == mounted))
            {
                Run("umount", "--lazy", mounted);
            }
        }

        _scratch.Dispose();
    }

    private static MountedImage Create(string type, int mebibytes, bool diskInMemory, string[] formatOptions)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can mount file systems.");
        MountedImage image = new(type);
        try
        {
            if (diskInMemory)
            {
                Run("mount", "-t", "tmpfs", "none", image.Disk);
            }

            image.Format(mebibytes, formatOptions);
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private void Format(int mebibytes, string[] formatOptions)
    {
        if (_type == "tmpfs")
        {
            Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "none", Path);
            return;
        }

        using (FileStream stream = File.Create(ImageFile))
        {
            stream.SetLength(mebibytes * 1024L * 1024);
        }

        Assert.SkipUnless(HasProgram($"mkfs.{_type}"), $"mkfs.{_type} is not installed.");
        Run($"mkfs.{_type}", ["-q", .. formatOptions, ImageFile]);
        Mount();
    }

    private void Mount() => Run("mount", "-o", "loop", ImageFile, Path);

    private static long Used(string path)
    {
        DriveInfo disk = new(path);
        return disk.TotalSize - disk.TotalFreeSpace;
    }

    private static bool HasProgram(string name) =>
        new[] { "/usr/sbin", "/sbin", "/usr/bin" }.Any(folder => File.Exists(System.IO.Path.Combine(folder, name)));

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" },
        })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.SkipWhen(process.ExitCode != 0 && program == "mount", $"This machine mounts no image here: {errors.Trim()}");
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {errors}");
    }
}
