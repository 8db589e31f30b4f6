using System.Diagnostics;
using System.Globalization;

namespace VirtioFs.Daemon.Tests;

/// <summary>The program that makes threads of another one make system calls (<c>escape.c</c>), compiled once.</summary>
public sealed class EscapeTracer : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vfs-escape-");
    private readonly Lazy<string> _program;

    /// <summary>Compiles nothing yet.</summary>
    public EscapeTracer() => _program = new(Build);

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Makes attempts in a thread. Answers each one's result, by its name.</summary>
    /// <param name="process">The process.</param>
    /// <param name="thread">The thread's name.</param>
    /// <param name="shared">The shared directory.</param>
    /// <param name="parent">Another process, against which some of the attempts go.</param>
    /// <param name="attempt">One attempt alone; after "-" all but that one.</param>
    internal Dictionary<string, string> Trace(int process, string thread, string shared, int parent, string? attempt)
    {
        ProcessStartInfo start = new(_program.Value)
        {
            ArgumentList = { Text(process), thread, shared, Text(parent) },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (attempt is not null)
        {
            start.ArgumentList.Add(attempt);
        }

        using var tracer = Process.Start(start)!;
        Task<string> errors = tracer.StandardError.ReadToEndAsync();
        string output = tracer.StandardOutput.ReadToEnd();
        tracer.WaitForExit();
        Assert.True(tracer.ExitCode == 0, errors.Result);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).ToDictionary(parts => parts[0], parts => parts[1]);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private string Build()
    {
        string source = Path.Combine(_folder.FullName, "escape.c");
        string program = Path.ChangeExtension(source, null);
        using (Stream text = typeof(EscapeTracer).Assembly.GetManifestResourceStream("escape.c")!)
        using (FileStream file = File.Create(source))
        {
            text.CopyTo(file);
        }

        using var compiler = Process.Start(new ProcessStartInfo("cc", ["-O1", "-o", program, source]) { RedirectStandardError = true })!;
        string errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        Assert.True(compiler.ExitCode == 0, errors);
        return program;
    }
}
