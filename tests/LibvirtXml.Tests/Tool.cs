using System.Diagnostics;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>Runs a program of the machine, or skips the test that needs it.</summary>
internal static class Tool
{
    public static string Require(string name, string package)
    {
        string? path = new[] { "/usr/bin", "/bin", "/usr/sbin" }.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, $"{name} is not installed (package {package}).");
        return path!;
    }

    public static (int ExitCode, string Output) Run(string program, IEnumerable<string> arguments, string input = "")
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
