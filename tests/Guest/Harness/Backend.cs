using System.Diagnostics;
using System.Globalization;

namespace VirtioFs.Guest.Harness;

/// <summary>
/// The engine as <c>vhost-user-fs</c>, sharing one folder. The environment variable <c>VIRTIOFS_BACKEND</c> names another
/// back end with the same three options, to compare with.
/// </summary>
internal sealed class Backend : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _messages;

    private Backend(Process process, GuestShare share)
    {
        _process = process;
        _messages = process.StandardError.ReadToEndAsync();
        Share = share;
    }

    /// <summary>The share as a guest meets it.</summary>
    public GuestShare Share { get; }

    /// <summary>Its process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Shares a folder, and returns when its socket is there.</summary>
    public static async Task<Backend> StartAsync(TestFolder folder, string sharedFolder, string tag = "share")
    {
        string socket = folder.Socket(tag);
        string program = Environment.GetEnvironmentVariable("VIRTIOFS_BACKEND") ?? Checkout.Daemon;
        Process process = Process.Start(new ProcessStartInfo(program,
            ["--shared-dir", sharedFolder, "--socket-path", socket, "--tag", tag])
        {
            RedirectStandardError = true,
        })!;
        Backend backend = new(process, new GuestShare(tag, socket));
        Stopwatch clock = Stopwatch.StartNew();
        while (!File.Exists(socket))
        {
            if (process.HasExited || clock.Elapsed > TimeSpan.FromSeconds(20))
            {
                await backend.DisposeAsync();
                throw new InvalidOperationException($"{program} did not offer its socket: {await backend._messages}");
            }

            await Task.Delay(20);
        }

        return backend;
    }

    /// <summary>Asks the back end to stop, and waits until it has.</summary>
    /// <returns>Its exit status.</returns>
    /// <exception cref="OperationCanceledException">It did not stop within 20 seconds.</exception>
    public async Task<int> StopAsync()
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        await HostProgram.RunAsync("/bin/kill", "-TERM", _process.Id.ToString(CultureInfo.InvariantCulture));
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
