using System.Diagnostics;

namespace VirtioFs.Fuzz.Tests;

/// <summary>The fuzzer for a minute, from another seed each time; a finding names the seed that it is found with again.</summary>
public sealed class FuzzTests
{
    private const int Seconds = 50, LimitSeconds = 240;

    [Fact]
    public async Task Inputs_that_are_almost_right_find_nothing()
    {
        ulong seed = (ulong)Random.Shared.Next(1, int.MaxValue);
        (int exitCode, string output) = await RunAsync("--seconds", $"{Seconds}", "--seed", $"{seed}");
        Assert.True(exitCode == 0, output);
        Assert.Contains("FUSE", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inputs_end_at_their_count()
    {
        (int exitCode, string output) = await RunAsync("--count", "2000", "--seed", "2", "--plain");
        Assert.True(exitCode == 0, output);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("ids")]
    [InlineData("read-only")]
    [InlineData("writeback")]
    [InlineData("xattrmap")]
    [InlineData("capability")]
    [InlineData("posix-acl")]
    [InlineData("single-file")]
    [InlineData("single-file-read-only")]
    [InlineData("no-handles")]
    [InlineData("few")]
    [InlineData("careful")]
    [InlineData("no-xattr")]
    public async Task Shares_of_each_kind_take_inputs(string configuration)
    {
        (int exitCode, string output) = await RunAsync("--count", "3000", "--seed", "3", "--plain", "--without", "leaving", "--configuration", configuration);
        Assert.True(exitCode == 0, output);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "virtiofs-fuzz.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(LimitSeconds));
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
