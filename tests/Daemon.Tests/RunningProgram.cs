using System.Diagnostics;
using System.Reflection;

namespace VirtioFs.Daemon.Tests;

/// <summary>The program as a user starts it: arguments in; lines, signals and an exit status out.</summary>
internal sealed class RunningProgram : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>What is tested: in a release build the executable that is published, where there is one; another where VIRTIOFS_EXECUTABLE names it.</summary>
    internal static readonly string Executable = Environment.GetEnvironmentVariable("VIRTIOFS_EXECUTABLE")
        ?? (Find("Assembled") is { } assembled && File.Exists(assembled) ? Path.GetFullPath(assembled) : Find("Daemon")!);

    private readonly Process _process;

    internal RunningProgram(params string[] arguments) : this(Executable, arguments)
    {
    }

    private RunningProgram(string executable, string[] arguments) =>
        _process = Process.Start(new ProcessStartInfo(executable, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    /// <summary>Starts another program, which becomes the one that is tested.</summary>
    internal static RunningProgram Through(string launcher, params string[] arguments) => new(launcher, arguments);

    internal static (int ExitCode, string Output, string Errors) Run(params string[] arguments)
    {
        using var program = new RunningProgram(arguments);
        Task<string> output = program._process.StandardOutput.ReadToEndAsync();
        Task<string> errors = program._process.StandardError.ReadToEndAsync();
        int exitCode = program.WaitForExit();
        return (exitCode, output.Result, errors.Result);
    }

    internal int ProcessId => _process.Id;

    internal string ReadErrorLine() => _process.StandardError.ReadLineAsync().WaitAsync(Limit).Result ?? string.Empty;

    internal void Signal(string name) => Signal(name, _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Signals the process in the sandbox.</summary>
    internal void SignalInner(string name) => Signal(name, File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children").Trim());

    private static void Signal(string name, string process)
    {
        using var kill = Process.Start("kill", ["-s", name, process]);
        kill.WaitForExit();
    }

    internal int WaitForExit()
    {
        Assert.True(_process.WaitForExit(Limit), "The program did not end in time.");
        return _process.ExitCode;
    }

    private static string? Find(string name) =>
        typeof(RunningProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().SingleOrDefault(entry => entry.Key == name)?.Value;

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
