using VirtioFs.DeviceEngine.Shares;
using VirtioFs.DeviceEngine.Options;

namespace VirtioFs.Daemon;

/// <summary>What the command line asks for.</summary>
internal sealed record ProgramSettings
{
    /// <summary>The share.</summary>
    internal required ShareOptions Share { get; init; }

    /// <summary>Whether the program ends with its first connection.</summary>
    internal bool ExitsOnDisconnect { get; init; }

    /// <summary>The most descriptors of the process; 0 leaves the limit as it is.</summary>
    internal int DescriptorLimit { get; init; }

    /// <summary>Which lines are written.</summary>
    internal LogLevel LogLevel { get; init; } = LogLevel.Info;

    /// <summary>Whether lines go to the system's log.</summary>
    internal bool LogsToSystem { get; init; }

    /// <summary>What was asked for and is not there, as sentences.</summary>
    internal IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Makes the settings of words that <see cref="CommandWords"/> has read.</summary>
    /// <exception cref="FormatException">A value is wrong, or something is missing; the message is a sentence.</exception>
    internal static ProgramSettings From(IReadOnlyList<GivenOption> given)
    {
        string? Value(string name) => given.LastOrDefault(option => option.Option.Name == name)?.Value;
        bool IsOn(string name) => Value(name) is { } text && OptionText.ReadSwitch(text);
        RequireShare(Value("--shared-dir"), Value("--socket-path"), Value("--fd"));
        RequireOneMapping(given);
        string directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Value("--shared-dir")!));
        string? descriptor = Value("--fd");
        ShareOptions share = new()
        {
            Path = directory,
            Tag = Path.GetFileName(directory),
            OffersTag = false,
            SocketPath = descriptor is null ? Path.GetFullPath(Value("--socket-path")!) : $"/proc/self/fd/{descriptor}",
        };
        foreach (GivenOption option in given.Where(option => option.Option.Name is not ("--shared-dir" or "--socket-path")))
        {
            share = option.Option.Set(share, option.Value);
        }

        return new ProgramSettings
        {
            Share = share,
            ExitsOnDisconnect = descriptor is not null || IsOn("--exit-on-disconnect"),
            DescriptorLimit = Value("--rlimit-nofile") is { } limit ? int.Parse(limit, System.Globalization.CultureInfo.InvariantCulture) : 0,
            LogLevel = Value("--log-level") is { } level ? Enum.Parse<LogLevel>(level, ignoreCase: true) : LogLevel.Info,
            LogsToSystem = IsOn("--syslog"),
            Warnings = [.. given.Select(Lack).OfType<string>().Distinct()],
        };
    }

    private static void RequireShare(string? directory, string? socket, string? descriptor)
    {
        if (string.IsNullOrEmpty(directory))
        {
            throw new FormatException("--shared-dir is missing: it names the directory to share; --help lists the options.");
        }

        if ((socket is null) == (descriptor is null))
        {
            throw new FormatException("Give either --socket-path, where the virtual machine's monitor connects, or --fd with a socket that listens already.");
        }
    }

    private static void RequireOneMapping(IReadOnlyList<GivenOption> given)
    {
        foreach ((string map, string translation) in ((string, string)[])[("--uid-map", "--translate-uid"), ("--gid-map", "--translate-gid")])
        {
            if (given.Any(option => option.Option.Name == map) && given.Any(option => option.Option.Name == translation))
            {
                throw new FormatException($"{map} and {translation} cannot be used together: both say what an id of the guest is on the host.");
            }
        }
    }

    private static string? Lack(GivenOption given) => given.Option.Name switch
    {
        "--sandbox" or "--seccomp" when !given.Value.Equals("none", StringComparison.OrdinalIgnoreCase) =>
            $"{given.Option.Name} {given.Value} is not there yet: the process keeps the view and the rights that it was started with.",
        "--modcaps" => "--modcaps is not there yet: the process keeps the capabilities that it was started with.",
        "--migration-mode" or "--migration-on-error" or "--migration-verify-handles" or "--migration-confirm-paths" =>
            $"{given.Option.Name} has no effect: live migration is not there yet, and a virtual machine with this device is not migrated.",
        _ => null,
    };
}
