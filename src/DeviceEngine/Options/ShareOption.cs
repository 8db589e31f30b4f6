using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.DeviceEngine.Options;

/// <summary>
/// One option of a share: its names in each place, its range, its default, and its text form, which reads back as the same value.
/// </summary>
public sealed record ShareOption
{
    /// <summary>The word on the command line, such as <c>--cache</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What the text of a value may be.</summary>
    public required ShareOptionKind Kind { get; init; }

    /// <summary>What it does, as a sentence.</summary>
    public required string Description { get; init; }

    /// <summary>What a value looks like in a line of help: the words of a choice, or a word in capitals. Empty for a switch.</summary>
    public string ValueName { get; init; } = string.Empty;

    /// <summary>Which values there are, where <see cref="ValueName"/> does not say all of it.</summary>
    public string Range { get; init; } = string.Empty;

    /// <summary>The default as text; words in place of a value where it depends on something.</summary>
    public required string Default { get; init; }

    /// <summary>The property of <see cref="ShareOptions"/> or <c>Fuse.PassthroughOptions</c>; null where the executable alone has the option.</summary>
    public string? Property { get; init; }

    /// <summary>The parameter of Start-VirtioFsShare and the property of a share's object; null where there is none.</summary>
    public string? Parameter { get; init; }

    /// <summary>Whether <see cref="Parameter"/> is on where the option is off, as -NoExtendedAttribute is.</summary>
    public bool IsParameterInverse { get; init; }

    /// <summary>When a value is read.</summary>
    public OptionEffect Effect { get; init; } = OptionEffect.Start;

    /// <summary>Whether several values add up.</summary>
    public bool MayRepeat { get; init; }

    /// <summary>Whether a value may be left out, as with a switch.</summary>
    public bool IsValueOptional => Kind == ShareOptionKind.Switch;

    /// <summary>virtiofsd's option of the same meaning; null where it has none.</summary>
    public string? Virtiofsd { get; init; }

    /// <summary>How it differs from virtiofsd's, as a sentence; empty where it does not.</summary>
    public string Difference { get; init; } = string.Empty;

    /// <summary>Other words of the command line that mean this option.</summary>
    public IReadOnlyList<OptionSpelling> Spellings { get; init; } = [];

    /// <summary>Words of the value that stand for another one.</summary>
    public IReadOnlyDictionary<string, string> Translations { get; init; } = new Dictionary<string, string>();

    /// <summary>A value that is not the default, as <see cref="Write"/> writes it.</summary>
    public required string Example { get; init; }

    internal Func<ShareOptions, string, ShareOptions> Setter { get; init; } = (options, _) => options;

    internal Func<ShareOptions, IReadOnlyList<string>>? Getter { get; init; }

    /// <summary>The options with this one set. Where it may repeat, the value is added to those before it.</summary>
    /// <exception cref="FormatException">The text is not a value of this option; the message names both.</exception>
    public ShareOptions Set(ShareOptions options, string text)
    {
        try
        {
            return Setter(options, text);
        }
        catch (FormatException e)
        {
            throw new FormatException($"{Name} '{text}': {e.Message}", e);
        }
    }

    /// <summary>The values as texts that <see cref="Set"/> reads; none where the option was not given and has no fixed default.</summary>
    public IReadOnlyList<string> Write(ShareOptions options) => Getter?.Invoke(options) ?? [];

    /// <summary>The option as one word of a command line.</summary>
    public string ToWord(string value) => Kind == ShareOptionKind.Switch ? Spell(value) : $"{Name}={value}";

    private string Spell(string value)
    {
        bool on = OptionText.ReadSwitch(value);
        return on ? Name : Spellings.FirstOrDefault(spelling => !spelling.IsLegacy && spelling.Value == OptionText.Off)?.Word ?? $"{Name}={OptionText.Off}";
    }
}
