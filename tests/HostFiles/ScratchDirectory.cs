namespace VirtioFs.HostFiles;

/// <summary>A directory of the host that a test may fill, gone afterwards.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    internal ScratchDirectory() => Path = Directory.CreateTempSubdirectory("virtiofs-test-").FullName;

    internal string Path { get; }

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
