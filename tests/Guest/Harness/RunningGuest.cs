using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace VirtioFs.Guest.Harness;

/// <summary>
/// A guest between its start and its end. Disposing it ends it. A guest never outlives its time limit, even when the test
/// process is gone: <c>timeout</c> watches over it.
/// </summary>
internal sealed class RunningGuest : IAsyncDisposable
{
    // guest-init.sh writes it after the script.
    private const string LastLine = "guest exit status ";

    private readonly Process _process;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly StringBuilder _output = new();
    private readonly Lock _gate = new();
    private readonly string _workFolder;
    private readonly string _consoleLog;
    private readonly Task _copying;
    private readonly int[] _groups;
    private TaskCompletionSource _outputGrew = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int? _exitStatus;

    internal RunningGuest(IReadOnlyList<string> command, string workFolder, TimeSpan timeLimit)
    {
        _workFolder = workFolder;
        _consoleLog = Path.Combine(workFolder, "console.log");
        _process = Process.Start(new ProcessStartInfo("timeout",
            ["--kill-after=5", timeLimit.TotalSeconds.ToString("F0", CultureInfo.InvariantCulture), .. command])
        {
            WorkingDirectory = workFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.StandardInput.Close();
        _groups = [-_process.Id, -ChildOf(_process)];
        _copying = Task.WhenAll(CopyConsoleAsync(), CopyOutputAsync(Path.Combine(workFolder, "output.log")));
    }

    /// <summary>Waits until the script has written a line that contains a text.</summary>
    /// <exception cref="InvalidOperationException">The guest ended before.</exception>
    public async Task WaitForOutputAsync(string text)
    {
        Task ended = _process.WaitForExitAsync();
        while (true)
        {
            Task grew;
            lock (_gate)
            {
                if (_output.ToString().Contains(text, StringComparison.Ordinal))
                {
                    return;
                }

                grew = _outputGrew.Task;
            }

            if (await Task.WhenAny(grew, ended) == ended)
            {
                await EndRemainingProcessesAsync();
                throw new InvalidOperationException($"The guest ended before it wrote \"{text}\". It wrote:\n{Output}\nIts console: {_consoleLog}");
            }
        }
    }

    /// <summary>Waits until the script waits for the host, at a place that it calls by this name.</summary>
    /// <exception cref="InvalidOperationException">The guest ended before.</exception>
    public Task WaitUntilItWaitsAsync(string name) => WaitForOutputAsync($"waiting for the host: {name}\n");

    /// <summary>Waits until the script has made a file in <c>$HOST_SIGNS</c>.</summary>
    public async Task WaitForFileAsync(string name)
    {
        while (!File.Exists(Path.Combine(_workFolder, name)))
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"The guest ended before it made {name}. It wrote:\n{Output}\nIts console: {_consoleLog}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Lets the script go on that waits for the host.</summary>
    public Task LetGoOnAsync(string name) => File.WriteAllTextAsync(Path.Combine(_workFolder, name), "");

    /// <summary>Waits until the guest has turned itself off or has reached its time limit.</summary>
    public async Task<GuestResult> WaitForEndAsync()
    {
        await _process.WaitForExitAsync();
        await EndRemainingProcessesAsync();
        return new GuestResult(_exitStatus, Output, _consoleLog, _clock.Elapsed);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await SignalAsync("-TERM", _process.Id);
            using CancellationTokenSource patience = new(TimeSpan.FromSeconds(5));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                // It gets SIGKILL now.
            }
        }

        await EndRemainingProcessesAsync();
        _process.Dispose();
    }

    // timeout leads a process group, and so does the kernel if it is a User-Mode Linux. Such a kernel leaves a process behind when a
    // signal ends it, which holds the output open.
    private async Task EndRemainingProcessesAsync()
    {
        foreach (int group in _groups)
        {
            await SignalAsync("-KILL", group);
        }

        await _copying;
    }

    private static int ChildOf(Process timeout)
    {
        string children = "";
        SpinWait.SpinUntil(() => timeout.HasExited || (children = File.ReadAllText($"/proc/{timeout.Id}/task/{timeout.Id}/children")).Length > 0);
        return children.Length > 0 ? int.Parse(children.Split(' ')[0], CultureInfo.InvariantCulture) : timeout.Id;
    }

    // A process or group that is gone already is as good as one that is ended.
    private static async Task SignalAsync(string signal, int target)
    {
        using Process kill = Process.Start(new ProcessStartInfo("/bin/kill", [signal, "--", target.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardError = true,
        })!;
        await kill.WaitForExitAsync();
    }

    private string Output
    {
        get
        {
            lock (_gate)
            {
                return _output.ToString();
            }
        }
    }

    private async Task CopyConsoleAsync()
    {
        await using FileStream log = new(_consoleLog, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        await _process.StandardError.BaseStream.CopyToAsync(log);
    }

    private async Task CopyOutputAsync(string path)
    {
        await using StreamWriter log = new(path) { AutoFlush = true };
        while (await _process.StandardOutput.ReadLineAsync() is string line)
        {
            await log.WriteLineAsync(line);
            TaskCompletionSource grew;
            lock (_gate)
            {
                if (line.StartsWith(LastLine, StringComparison.Ordinal))
                {
                    _exitStatus = int.Parse(line.AsSpan(LastLine.Length), CultureInfo.InvariantCulture);
                }
                else
                {
                    _output.Append(line).Append('\n');
                }

                grew = _outputGrew;
                _outputGrew = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            grew.SetResult();
        }
    }
}
