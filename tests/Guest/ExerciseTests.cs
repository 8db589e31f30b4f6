using System.Globalization;
using VirtioFs.DeviceEngine;
using VirtioFs.Fuse;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>
/// Random work of many kinds on files and trees of a share, checked all the time. <c>VIRTIOFS_EXERCISE_STEPS</c> and
/// <c>VIRTIOFS_EXERCISE_SECONDS</c> make the runs as long as wanted; by default they are short.
/// </summary>
public sealed class ExerciseTests
{
    private static readonly int s_steps = Number("VIRTIOFS_EXERCISE_STEPS", 15_000);
    private static readonly int s_seconds = Number("VIRTIOFS_EXERCISE_SECONDS", 10);

    [Theory]
    [InlineData("auto")]
    [InlineData("always")]
    [InlineData("writeback")]
    [InlineData("metadata")]
    [InlineData("never")]
    public async Task Every_byte_of_a_file_is_as_expected_after_each_of_many_random_steps(string policy)
    {
        using TestFolder folder = new();
        string program = await GuestProgram.CompileAsync(folder, "exercise-file");
        string arguments = string.Create(CultureInfo.InvariantCulture, $"{s_steps} {policy.Length}{(IsMappable(policy) ? " mmap" : "")}");
        await RunAsync(folder, policy, $"{program} file {arguments}");
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("always")]
    [InlineData("writeback")]
    [InlineData("metadata")]
    [InlineData("never")]
    public async Task Processes_that_change_one_tree_at_once_meet_no_error_that_a_race_does_not_explain(string policy)
    {
        using TestFolder folder = new();
        string program = await GuestProgram.CompileAsync(folder, "exercise-tree");
        await RunAsync(folder, policy, string.Create(CultureInfo.InvariantCulture, $"{program} tree 4 {s_seconds} {policy.Length}"));
    }

    private static async Task RunAsync(TestFolder folder, string policy, string script)
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable();
        using Share share = Share.Start(new ShareOptions
        {
            Path = folder.MakeShared(),
            Tag = $"exercise-{policy}",
            SocketPath = folder.Socket("share"),
            FileSystem = Options(policy),
        });
        GuestResult result = await kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [new GuestShare(share.Options.Tag, share.Options.SocketPath)],
            TimeLimit = TimeSpan.FromMinutes(3) + TimeSpan.FromSeconds(s_seconds * 2) + TimeSpan.FromMilliseconds(s_steps * 10),
            Script = script,
        });
        result.ShouldSucceed();
        Assert.Null(share.FaultReason);
    }

    private static PassthroughOptions Options(string policy) => policy == "writeback"
        ? new PassthroughOptions { Cache = CachePolicy.Always, Writeback = true }
        : new PassthroughOptions { Cache = Enum.Parse<CachePolicy>(policy, ignoreCase: true) };

    // Past the guest's page cache there is nothing to map.
    private static bool IsMappable(string policy) => policy is "auto" or "always" or "writeback";

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : otherwise;
}
