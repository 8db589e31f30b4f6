using System.Diagnostics;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Linux;

namespace VirtioFs.EndToEnd.Tests.Sharing;

/// <summary>
/// Shares a directory: a share of this process, or, when <c>VIRTIOFS_BACKEND</c> names another back end's executable, that one, by
/// which the tests themselves can be tried.
/// </summary>
internal sealed class ServingBackEnd : IDisposable
{
    private static int _count;
    private readonly Share? _share;
    private readonly Process? _process;

    public ServingBackEnd(string directory, string home)
    {
        int number = Interlocked.Increment(ref _count);
        Socket = Path.Combine(home, "socket");
        if (Command is null)
        {
            _share = Share.Start(new ShareOptions { Path = directory, Tag = $"test-{number}", SocketPath = Socket });
            return;
        }

        _process = Process.Start(Command, ["--shared-dir", directory, "--socket-path", Socket, "--tag", $"test-{number}"]);
    }

    /// <summary>Another back end's executable, or null.</summary>
    public static string? Command { get; } = Environment.GetEnvironmentVariable("VIRTIOFS_BACKEND");

    /// <summary>Whether its threads are confined to the directory, so that nothing is opened any more that the host moves out of it.</summary>
    public bool HasLandlock => _share is not null && (_share.JailLayers & JailLayers.Landlock) != 0;

    /// <summary>Where it listens.</summary>
    public string Socket { get; }

    /// <summary>The share of this process.</summary>
    public Share Share => _share ?? throw new InvalidOperationException("The tests run against another back end.");

    public void Dispose()
    {
        _share?.Dispose();
        if (_process is not null)
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
