using System.Text;
using VirtioFs.DeviceEngine.Options;

namespace VirtioFs.Daemon.Tests;

/// <summary>docs/options.md, made of the table of options.</summary>
internal static class OptionDocument
{
    private const string WordTest = nameof(VirtiofsdWordsTests) + "." + nameof(VirtiofsdWordsTests.Each_word_of_virtiofsd_is_taken_for_what_it_means);

    /// <summary>Options that do more than set a value, and the test that sees them do it.</summary>
    private static readonly Dictionary<string, string> s_tests = new()
    {
        ["--fd"] = $"{nameof(ForegroundTests)}.{nameof(ForegroundTests.It_serves_one_connection_of_a_socket_that_it_inherits)}",
        ["--print-capabilities"] = $"{nameof(CommandLineTests)}.{nameof(CommandLineTests.Capabilities_are_the_JSON_that_libvirt_reads)}",
        ["--help"] = $"{nameof(CommandLineTests)}.{nameof(CommandLineTests.Help_lists_each_option)}",
        ["--version"] = $"{nameof(CommandLineTests)}.{nameof(CommandLineTests.Version_is_printed)}",
        ["--tag"] = $"{nameof(FrontEndTests)}.{nameof(FrontEndTests.The_configuration_is_offered_with_a_tag_and_not_without)}",
        ["--rlimit-nofile"] = $"{nameof(ProcessTests)}.{nameof(ProcessTests.The_limit_of_descriptors_is_what_was_asked_for)}",
        ["--uid-map"] = $"{nameof(OptionTableTests)}.{nameof(OptionTableTests.A_map_of_ids_leaves_no_other_id_to_the_guest)}",
        ["--log-level"] = $"{nameof(ProcessTests)}.{nameof(ProcessTests.A_level_decides_which_lines_are_written)}",
        ["--sandbox"] = $"{nameof(SandboxTests)}.{nameof(SandboxTests.The_share_is_all_that_the_process_sees)}",
        ["--seccomp"] = $"{nameof(EscapeTests)}.{nameof(EscapeTests.A_call_that_the_program_does_not_need_ends_all_of_it)}",
        ["--modcaps"] = $"{nameof(SandboxTests)}.{nameof(SandboxTests.Capabilities_are_given_and_taken_by_name)}",
        ["--migration-mode"] = $"{nameof(ProcessTests)}.{nameof(ProcessTests.What_is_not_there_yet_is_told_and_the_share_starts)}",
    };

    internal static string Create()
    {
        StringBuilder text = new();
        text.AppendLine("# Options");
        text.AppendLine();
        text.AppendLine("Made of the table of options (`src/DeviceEngine/Options`) by a test, which also holds it equal. After a change of the table:");
        text.AppendLine();
        text.AppendLine("    VIRTIOFS_WRITE_DOCUMENTS=1 dotnet run --project tests/Daemon.Tests -- -method '*documents*'");
        text.AppendLine();
        text.AppendLine("*Takes effect* says when a value is read: at the *start* of the share; at a *connection*, when a guest's driver starts; or with each");
        text.AppendLine("*request*, so that a change could be made under a connected guest.");
        AppendOptions(text, "The share and its device", ShareOptionTable.Device);
        AppendOptions(text, "How the directory is passed on", ShareOptionTable.FileSystem);
        AppendOptions(text, "The executable alone", ShareOptionTable.Program);
        AppendVirtiofsd(text);
        return text.ToString();
    }

    /// <summary>Each word of virtiofsd that the table knows, with the option that it means.</summary>
    internal static IEnumerable<(string Word, ShareOption Option, string? Value)> VirtiofsdWords()
    {
        foreach (ShareOption option in ShareOptionTable.All)
        {
            foreach (OptionSpelling spelling in option.Spellings.Where(spelling => spelling.IsLegacy || IsTheirs(spelling.Word)))
            {
                yield return (spelling.Word, option, spelling.Value);
            }

            if (option.Virtiofsd is { } theirs && option.Spellings.All(spelling => spelling.Word != theirs))
            {
                yield return (theirs, option, null);
            }
        }
    }

    private static bool IsTheirs(string word) => VirtiofsdWordsTests.Words.Any(theirs => theirs.Split('=')[0] == word);

    private static void AppendOptions(StringBuilder text, string title, IReadOnlyList<ShareOption> options)
    {
        text.AppendLine().Append("## ").AppendLine(title);
        text.AppendLine("| executable | cmdlet | value | default | takes effect | virtiofsd | |");
        text.AppendLine("|---|---|---|---|---|---|---|");
        foreach (ShareOption option in options)
        {
            string parameter = option.Parameter is null ? "" : $"`-{option.Parameter}`{(option.IsParameterInverse ? " (the reverse)" : "")}";
            string value = string.Join(", ", new[] { option.ValueName.Length > 0 ? Code(option.ValueName) : "", option.Range }.Where(part => part.Length > 0));
            string virtiofsd = option.Virtiofsd is null ? "" : $"`{option.Virtiofsd}`";
            string repeat = option.MayRepeat ? " It may come several times." : "";
            text.AppendLine($"| `{option.Name}` | {parameter} | {value} | {option.Default} | {option.Effect.ToString().ToLowerInvariant()} | {virtiofsd} | {option.Description}{repeat} |");
        }
    }

    private static void AppendVirtiofsd(StringBuilder text)
    {
        text.AppendLine();
        text.AppendLine("## virtiofsd's command line");
        text.AppendLine("Each option and older `-o` word of virtiofsd 1.14, what it means here, and the test in `tests/Daemon.Tests` that holds it. Where an");
        text.AppendLine("option comes twice with different values, virtiofsd takes the last and this program refuses, so that what one program decides is");
        text.AppendLine("not undone by words that another one adds; only maps and translations of ids add up.");
        text.AppendLine();
        text.AppendLine("| virtiofsd | here | | test |");
        text.AppendLine("|---|---|---|---|");
        foreach ((string word, ShareOption option, string? value) in VirtiofsdWords())
        {
            string ours = value is null ? option.Name : option.ToWord(value);
            string test = word.StartsWith("-o", StringComparison.Ordinal) ? WordTest : s_tests.GetValueOrDefault(word, WordTest);
            text.AppendLine($"| `{word}` | `{ours}` | {option.Difference} | `{test}` |");
        }
    }

    private static string Code(string text) => $"`{text.Replace("|", "\\|", StringComparison.Ordinal)}`";
}
