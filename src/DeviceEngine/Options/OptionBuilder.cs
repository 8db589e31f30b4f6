using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Passthrough.Options;

namespace VirtioFs.DeviceEngine.Options;

/// <summary>Makes rows of the table, so that each row says only what is its own.</summary>
internal static class OptionBuilder
{
    internal static readonly ShareOptions Defaults = new() { Path = "/", Tag = "default", SocketPath = "/" };

    internal static ShareOption Switch(
        string name, string property, string parameter, string description,
        Func<PassthroughOptions, bool> get, Func<PassthroughOptions, bool, PassthroughOptions> set)
    {
        bool isOn = get(Defaults.FileSystem);
        return new ShareOption
        {
            Name = name,
            Kind = ShareOptionKind.Switch,
            Description = description,
            Default = OptionText.WriteSwitch(isOn),
            Example = OptionText.WriteSwitch(!isOn),
            Property = property,
            Parameter = parameter,
            Setter = (options, text) => options with { FileSystem = set(options.FileSystem, OptionText.ReadSwitch(text)) },
            Getter = options => [OptionText.WriteSwitch(get(options.FileSystem))],
        };
    }

    internal static ShareOption Choice<T>(
        string name, string property, string parameter, string description, IReadOnlyDictionary<string, T> words, string example,
        Func<PassthroughOptions, T> get, Func<PassthroughOptions, T, PassthroughOptions> set) => new()
        {
            Name = name,
            Kind = ShareOptionKind.Choice,
            Description = description,
            ValueName = string.Join('|', words.Keys),
            Default = Word(words, get(Defaults.FileSystem)),
            Example = example,
            Property = property,
            Parameter = parameter,
            Setter = (options, text) => options with { FileSystem = set(options.FileSystem, OptionText.ReadWord(text, words)) },
            Getter = options => [Word(words, get(options.FileSystem))],
        };

    internal static ShareOption Time(
        string name, string property, string parameter, string description, string withoutValue,
        Func<PassthroughOptions, TimeSpan?> get, Func<PassthroughOptions, TimeSpan, PassthroughOptions> set) => new()
        {
            Name = name,
            Kind = ShareOptionKind.Seconds,
            Description = description,
            ValueName = "SECONDS",
            Default = get(Defaults.FileSystem) is { } value ? OptionText.WriteSeconds(value) : withoutValue,
            Example = "1.5",
            Property = property,
            Parameter = parameter,
            Effect = OptionEffect.Request,
            Setter = (options, text) => options with { FileSystem = set(options.FileSystem, OptionText.ReadSeconds(text)) },
            Getter = options => get(options.FileSystem) is { } time ? [OptionText.WriteSeconds(time)] : [],
        };

    internal static ShareOption Number(
        string name, string property, string parameter, string description, string range, int least, int most, string withoutValue, int example,
        Func<ShareOptions, int?> get, Func<ShareOptions, int, ShareOptions> set) => new()
        {
            Name = name,
            Kind = ShareOptionKind.Number,
            Description = description,
            ValueName = "NUMBER",
            Range = range,
            Default = get(Defaults) is { } value ? OptionText.WriteNumber(value) : withoutValue,
            Example = OptionText.WriteNumber(example),
            Property = property,
            Parameter = parameter,
            Setter = (options, text) => set(options, OptionText.ReadNumber(text, least, most)),
            Getter = options => get(options) is { } number ? [OptionText.WriteNumber(number)] : [],
        };

    /// <summary>Words of an enumeration, in lower case and in its own order.</summary>
    internal static Dictionary<string, T> Words<T>() where T : struct, Enum =>
        Enum.GetValues<T>().ToDictionary(value => value.ToString().ToLowerInvariant());

    private static string Word<T>(IReadOnlyDictionary<string, T> words, T value) =>
        words.First(word => EqualityComparer<T>.Default.Equals(word.Value, value)).Key;
}
