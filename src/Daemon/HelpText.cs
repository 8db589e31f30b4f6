using System.Text;
using VirtioFs.DeviceEngine.Options;

namespace VirtioFs.Daemon;

/// <summary>What --help prints, of the table of options.</summary>
internal static class HelpText
{
    private const int Indent = 6;
    private const int Width = 100;

    internal static string Create()
    {
        StringBuilder text = new();
        text.AppendLine("Shares a directory with a virtual machine over virtio-fs, until SIGTERM or SIGINT.");
        text.AppendLine();
        text.AppendLine("Usage: vhost-user-fs --shared-dir DIRECTORY --socket-path PATH [options]");
        foreach ((string title, IReadOnlyList<ShareOption> options) in ((string, IReadOnlyList<ShareOption>)[])
            [
                ("The share and its device", ShareOptionTable.Device), ("How the directory is passed on", ShareOptionTable.FileSystem),
                ("The program", ShareOptionTable.Program),
            ])
        {
            text.AppendLine().Append(title).AppendLine(":");
            foreach (ShareOption option in options)
            {
                Append(text, option);
            }
        }

        text.AppendLine();
        text.AppendLine("Options may also be written as virtiofsd's older -o word,word=value, such as -o source=/srv,cache=auto,no_posix_lock.");
        return text.ToString();
    }

    private static void Append(StringBuilder text, ShareOption option)
    {
        IEnumerable<string> others = option.Spellings.Where(spelling => !spelling.IsLegacy).Select(spelling => spelling.Word);
        text.Append("  ").AppendJoin(", ", [$"{option.Name} {option.ValueName}".TrimEnd(), .. others]).AppendLine();
        string range = option.Range.Length > 0 ? $" {char.ToUpperInvariant(option.Range[0])}{option.Range[1..]}." : string.Empty;
        string standard = option.Default is OptionText.Off || option.Default.StartsWith("(required)", StringComparison.Ordinal) ? string.Empty : $" [default: {option.Default}]";
        string repeat = option.MayRepeat ? " It may come several times." : string.Empty;
        AppendWrapped(text, option.Description + range + repeat + standard);
    }

    private static void AppendWrapped(StringBuilder text, string sentence)
    {
        int column = 0;
        foreach (string word in sentence.Split(' '))
        {
            if (column == 0 || column + 1 + word.Length > Width)
            {
                text.Append(column == 0 ? string.Empty : Environment.NewLine).Append(' ', Indent).Append(word);
                column = Indent + word.Length;
                continue;
            }

            text.Append(' ').Append(word);
            column += 1 + word.Length;
        }

        text.AppendLine();
    }
}
