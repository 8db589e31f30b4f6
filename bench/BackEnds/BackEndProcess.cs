using System.Diagnostics;

namespace VirtioFs.Bench.BackEnds;

/// <summary>A back end that this program started, and the directory that it shares.</summary>
internal sealed class BackEndProcess : IDisposable
{
    private static readonly TimeSpan GraceAfterDisconnect = TimeSpan.FromSeconds(2);
    private readonly Process _process;
    private readonly string _home;

    private BackEndProcess(Process process, string home, string socket) => (_process, _home, Socket) = (process, home, socket);

    /// <summary>Where it listens.</summary>
    public string Socket { get; }

    /// <summary>Starts a command by the shell.</summary>
    /// <param name="command">The command; <c>{socket}</c> and <c>{dir}</c> stand for the socket and the shared directory.</param>
    /// <param name="directory">What to share; a fresh directory when omitted, removed afterwards.</param>
    public static BackEndProcess Start(string command, string? directory)
    {
        string home = Directory.CreateTempSubdirectory("virtiofs-bench-").FullName;
        string socket = Path.Combine(home, "socket");
        string shared = directory ?? Directory.CreateDirectory(Path.Combine(home, "share")).FullName;
        string line = command
            .Replace("{socket}", socket, StringComparison.Ordinal)
            .Replace("{dir}", shared, StringComparison.Ordinal);
        ProcessStartInfo start = new("/bin/sh") { ArgumentList = { "-c", $"exec {line}" }, RedirectStandardOutput = true, RedirectStandardError = true };
        Process process = Process.Start(start) ?? throw new BenchException($"'{line}' could not be started.");
        BackEndProcess backEnd = new(process, home, socket);
        backEnd.KeepLastWords();
        return backEnd;
    }

    /// <summary>Lets it end by itself after its guest has gone, then ends it.</summary>
    public void Dispose()
    {
        if (!_process.WaitForExit(GraceAfterDisconnect / 4))
        {
            Process.Start("kill", ["-TERM", $"{_process.Id}"]).WaitForExit();
            if (!_process.WaitForExit(GraceAfterDisconnect))
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit();
            }
        }

        _process.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    // What it says goes where ours goes, so that a back end that fails tells why; a full pipe would stop it.
    private void KeepLastWords()
    {
        _process.OutputDataReceived += static (_, line) => Pass(line.Data);
        _process.ErrorDataReceived += static (_, line) => Pass(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private static void Pass(string? line)
    {
        if (!string.IsNullOrWhiteSpace(line))
        {
            Console.Error.WriteLine($"  back end: {line}");
        }
    }
}
