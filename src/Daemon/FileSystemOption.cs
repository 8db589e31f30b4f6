using System.CommandLine;
using System.CommandLine.Parsing;
using VirtioFs.Fuse;

namespace VirtioFs.Daemon;

/// <summary>An option of the command line that changes how the directory is passed on.</summary>
internal sealed class FileSystemOption
{
    private readonly Func<ParseResult, PassthroughOptions, PassthroughOptions> _apply;

    private FileSystemOption(Option option, bool mayRepeat, Func<ParseResult, PassthroughOptions, PassthroughOptions> apply) =>
        (Option, MayRepeat, _apply) = (option, mayRepeat, apply);

    /// <summary>The option as it is parsed and shown.</summary>
    internal Option Option { get; }

    /// <summary>Whether it adds to itself, so that it may come several times.</summary>
    internal bool MayRepeat { get; }

    /// <summary>The options as this one, if it was given, changes them.</summary>
    internal PassthroughOptions Apply(ParseResult parsed, PassthroughOptions options) =>
        parsed.GetResult(Option) is { Implicit: false } ? _apply(parsed, options) : options;

    /// <summary>An option without a value.</summary>
    internal static FileSystemOption Flag(string name, string description, Func<PassthroughOptions, PassthroughOptions> apply) =>
        new(new Option<bool>(name) { Description = description, Arity = ArgumentArity.Zero }, mayRepeat: false, (_, options) => apply(options));

    /// <summary>An option whose value is one of an enumeration's, in lower case.</summary>
    internal static FileSystemOption Choice<T>(string name, string description, Func<PassthroughOptions, T, PassthroughOptions> apply)
        where T : struct, Enum
    {
        string[] words = [.. Enum.GetNames<T>().Select(word => word.ToLowerInvariant())];
        var option = new Option<string>(name) { Description = description, HelpName = string.Join('|', words) };
        option.AcceptOnlyFromAmong(words);
        return new(option, mayRepeat: false, (parsed, options) => apply(options, Enum.Parse<T>(parsed.GetValue(option)!, ignoreCase: true)));
    }

    /// <summary>An option whose values are read by a grammar of their own; several add up.</summary>
    internal static FileSystemOption Rules<T>(
        string name, string helpName, string description, Func<string, T> parse, bool mayRepeat, Func<PassthroughOptions, T[], PassthroughOptions> apply)
    {
        var option = new Option<T[]>(name)
        {
            Description = description,
            HelpName = helpName,
            Arity = mayRepeat ? ArgumentArity.OneOrMore : ArgumentArity.ExactlyOne,
            CustomParser = result => Parse(result, name, parse),
        };
        return new(option, mayRepeat, (parsed, options) => apply(options, parsed.GetValue(option)!));
    }

    private static T[]? Parse<T>(ArgumentResult result, string name, Func<string, T> parse)
    {
        try
        {
            return [.. result.Tokens.Select(token => parse(token.Value))];
        }
        catch (FormatException e)
        {
            result.AddError($"{name}: {e.Message}");
            return null;
        }
    }
}
