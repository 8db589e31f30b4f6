using System.Diagnostics;

namespace VirtioFs.Fuse.Tests;

/// <summary>A file system of its own for a test: an image in a loop device, or memory.</summary>
internal sealed class MountedImage : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    private MountedImage() => Path = Directory.CreateDirectory(_scratch["mounted"]).FullName;

    /// <summary>Where it is mounted.</summary>
    internal string Path { get; }

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Makes and mounts one, or skips the running test where that cannot be done.</summary>
    internal static MountedImage Create(string type, int mebibytes = 320)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can mount file systems.");
        MountedImage image = new();
        try
        {
            if (type == "tmpfs")
            {
                Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "none", image.Path);
                return image;
            }

            string file = image._scratch["image"];
            using (FileStream stream = File.Create(file))
            {
                stream.SetLength(mebibytes * 1024L * 1024);
            }

            Assert.SkipUnless(HasProgram($"mkfs.{type}"), $"mkfs.{type} is not installed.");
            Run($"mkfs.{type}", "-q", file);
            Run("mount", "-o", "loop", file, image.Path);
            return image;
        }
        catch
        {
            image._scratch.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Run("umount", "--lazy", Path);
        _scratch.Dispose();
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
