namespace VirtioFs.DeviceEngine.Options;

/// <summary>
/// Reads the words of a command line by the table of options: <c>--name value</c>, <c>--name=value</c>, <c>--no-name</c>, and virtiofsd's old
/// <c>-o word,word=value</c>.
/// </summary>
public static class CommandWords
{
    private static readonly Dictionary<string, (ShareOption Option, OptionSpelling? Spelling)> s_words = Index();

    /// <summary>Reads the words, in their order.</summary>
    /// <exception cref="FormatException">A word is not an option, lacks its value, or contradicts an earlier one; the message is a sentence that names it.</exception>
    public static IReadOnlyList<GivenOption> Read(IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        List<GivenOption> given = [];
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i];
            if (word.StartsWith("-o", StringComparison.Ordinal))
            {
                ReadLegacy(word.Length > 2 ? word[2..].TrimStart('=') : Next(words, ref i, word), given);
                continue;
            }

            int equals = word.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? word : word[..equals];
            (ShareOption option, OptionSpelling? spelling) = Find(name, word);
            string? fixedValue = spelling?.Value ?? (equals < 0 && option.IsValueOptional ? OptionText.On : null);
            if (spelling?.Value is not null && equals >= 0)
            {
                throw new FormatException($"{word} is not possible: {name} takes no value.");
            }

            Add(given, option, spelling, fixedValue ?? (equals < 0 ? Next(words, ref i, word) : word[(equals + 1)..]), name);
        }

        return given;
    }

    private static string Next(IReadOnlyList<string> words, ref int index, string word) =>
        ++index < words.Count ? words[index] : throw new FormatException($"{word} lacks its value.");

    private static (ShareOption Option, OptionSpelling? Spelling) Find(string name, string word) => s_words.TryGetValue(name, out var found)
        ? found
        : throw new FormatException(word.StartsWith('-') ? $"There is no option {name}." : $"'{word}' is not an option.");

    private static void ReadLegacy(string list, List<GivenOption> given)
    {
        foreach (string entry in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = entry.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? entry : entry[..(equals + 1)];
            if (!s_words.TryGetValue($"-o {name}", out var found))
            {
                throw new FormatException($"There is no option -o {entry}.");
            }

            Add(given, found.Option, found.Spelling, found.Spelling!.Value ?? entry[(equals + 1)..], $"-o {name.TrimEnd('=')}");
        }
    }

    private static void Add(List<GivenOption> given, ShareOption option, OptionSpelling? spelling, string value, string word)
    {
        value = (spelling?.Translations ?? option.Translations).GetValueOrDefault(value, value);
        // A program that passes options on must not be able to override an earlier one.
        if (!option.MayRepeat && given.Find(other => other.Option == option && other.Value != value) is { } earlier)
        {
            throw new FormatException($"{word} '{value}' contradicts {earlier.Word} '{earlier.Value}': {option.Name} can have one value.");
        }

        given.Add(new GivenOption(option, value, word));
    }

    private static Dictionary<string, (ShareOption, OptionSpelling?)> Index()
    {
        Dictionary<string, (ShareOption, OptionSpelling?)> words = [];
        foreach (ShareOption option in ShareOptionTable.All)
        {
            words.Add(option.Name, (option, null));
            foreach (OptionSpelling spelling in option.Spellings)
            {
                words.Add(spelling.Word, (option, spelling));
            }
        }

        return words;
    }
}
