namespace VirtioFs.Daemon.Tests;

/// <summary>A folder of one test, with a directory to share and room for a socket.</summary>
internal sealed class TestFolder : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vfs-");

    internal TestFolder() => _root.CreateSubdirectory("shared");

    internal string Shared => Path.Combine(_root.FullName, "shared");

    internal string Socket => Path.Combine(_root.FullName, "socket");

    public void Dispose() => _root.Delete(recursive: true);
}
