namespace VirtioFs.Guest.Harness;

/// <summary>How a guest ended.</summary>
/// <param name="ExitStatus">The script's exit status; null when the guest ended without saying it.</param>
/// <param name="Output">What the script wrote.</param>
/// <param name="ConsoleLog">The file with what the kernel wrote.</param>
/// <param name="Elapsed">From the start of the machine to its end.</param>
internal sealed record GuestResult(int? ExitStatus, string Output, string ConsoleLog, TimeSpan Elapsed)
{
    /// <summary>Fails the test, with the guest's last words, unless the script ended with 0.</summary>
    public GuestResult ShouldSucceed()
    {
        string end = ExitStatus is int status ? $"its script ended with {status}" : "it ended without finishing its script";
        Assert.True(ExitStatus == 0,
            $"The guest failed after {Elapsed.TotalSeconds:F0} s: {end}.\n{LastLines(Output)}\n--- {ConsoleLog}\n{LastLines(File.ReadAllText(ConsoleLog))}");
        return this;
    }

    private static string LastLines(string text) => string.Join('\n', text.TrimEnd().Split('\n').TakeLast(25));
}
