namespace VirtioFs.DeviceEngine.Options;

/// <summary>Another way to write an option on a command line.</summary>
/// <param name="Word">The word: <c>--no-xattr</c>, or for the old form <c>-o no_xattr</c>; with <c>=</c> at its end where a value follows in an old form.</param>
/// <param name="Value">The value that the word stands for; null where the value follows.</param>
public sealed record OptionSpelling(string Word, string? Value = null)
{
    /// <summary>Words of the value that are written differently here, such as <c>none</c> for <c>never</c>.</summary>
    public IReadOnlyDictionary<string, string> Translations { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether this belongs to the old form, <c>-o word,word</c>.</summary>
    public bool IsLegacy => Word.StartsWith("-o ", StringComparison.Ordinal);
}
