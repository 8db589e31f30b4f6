using System.Diagnostics;

namespace VirtioFs.Guest.Harness;

/// <summary>Runs programs of the host and looks for them.</summary>
internal static class HostProgram
{
    /// <summary>The path of a program on the PATH, or null.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin")
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end and returns what it wrote to its standard output, without the last line's end.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it wrote to its standard error.</exception>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {(await errors).Trim()} {output.Trim()}");
        }

        return output.TrimEnd('\n');
    }
}
