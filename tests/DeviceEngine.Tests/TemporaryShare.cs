using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Operations;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>A directory of its own, shared on a socket of its own, and taken away at the end.</summary>
internal sealed class TemporaryShare : IDisposable
{
    private static int s_last;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vfs-engine-");

    internal TemporaryShare(Func<ShareOptions, ShareOptions>? change = null, IFileSystem? fileSystem = null)
    {
        Directory.CreateDirectory(Path);
        ShareOptions options = new()
        {
            Path = Path,
            Tag = $"tag{Interlocked.Increment(ref s_last)}",
            SocketPath = System.IO.Path.Combine(_folder.FullName, "socket"),
        };
        options = change?.Invoke(options) ?? options;
        Share = fileSystem is null ? Share.Start(options) : Share.Start(options, fileSystem);
    }

    internal string Path => System.IO.Path.Combine(_folder.FullName, "shared");

    internal string Socket => Share.Options.SocketPath;

    internal Share Share { get; }

    internal string FileAt(string name) => System.IO.Path.Combine(Path, name);

    internal void WaitFor(ShareState state) =>
        Eventually.Holds(() => Share.State == state, () => $"The share is {Share.State} and not {state}: {Share.FaultReason}");

    internal void WaitForTrouble(string part) =>
        Eventually.Holds(
            () => Share.FaultReason?.Contains(part, StringComparison.OrdinalIgnoreCase) == true,
            () => $"The reason is '{Share.FaultReason}' and does not say '{part}'.");

    public void Dispose()
    {
        Share.Stop();
        _folder.Delete(recursive: true);
    }
}
