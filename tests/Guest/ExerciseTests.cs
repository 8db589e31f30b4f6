using System.Globalization;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>Random work of many kinds on files and trees of a share, by our own programs, checked all the time.</summary>
public sealed class ExerciseTests
{
    private readonly UserModeLinux _kernel = new();

    public static TheoryData<string> Policies => Exercise.Policies;

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Every_byte_of_a_file_is_as_expected_after_each_of_many_random_steps(string policy)
    {
        _kernel.SkipTestUnlessAvailable();
        using TestFolder folder = new();
        string program = await GuestProgram.CompileAsync(folder, "exercise-file");
        string arguments = string.Create(CultureInfo.InvariantCulture, $"{Exercise.Steps} {policy.Length}{(Exercise.IsMappable(policy) ? " mmap" : "")}");
        await Exercise.RunAsync(_kernel, folder, policy, $"{program} file {arguments}");
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Processes_that_change_one_tree_at_once_meet_no_error_that_a_race_does_not_explain(string policy)
    {
        _kernel.SkipTestUnlessAvailable();
        using TestFolder folder = new();
        string program = await GuestProgram.CompileAsync(folder, "exercise-tree");
        await Exercise.RunAsync(_kernel, folder, policy, string.Create(CultureInfo.InvariantCulture, $"{program} tree 4 {Exercise.Seconds} {policy.Length}"));
    }
}
