using VirtioFs.Daemon.Sandbox;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.DeviceEngine.Options;
using VirtioFs.Linux;

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

    /// <summary>How the process is confined.</summary>
    internal SandboxSettings Sandbox { get; init; } = new();

    /// <summary>Where the cmdlets find the share; null where they do not.</summary>
    internal string? ControlSocket { get; init; }

    /// <summary>Whether the program goes on without who started it.</summary>
    internal bool Detaches { get; init; }

    /// <summary>What becomes of the program when it makes a system call that it does not need; null for nothing.</summary>
    internal ProcessFilterAction? SystemCalls { get; init; }

    /// <summary>What was asked for and is not there, as sentences.</summary>
    internal IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Makes the settings of words that <see cref="CommandWords"/> has read.</summary>
    /// <exception cref="FormatException">A value is wrong, or something is missing; the message is a sentence.</exception>
    /// <param name="given">The words.</param>
    /// <param name="listener">A listening socket that the process was started with, used where --fd names none; null without.</param>
    /// <param name="isInside">Whether the process is in its sandbox, where the socket is the supervisor's.</param>
    internal static ProgramSettings From(IReadOnlyList<GivenOption> given, int? listener = null, bool isInside = false)
    {
        string? Value(string name) => given.LastOrDefault(option => option.Option.Name == name)?.Value;
        bool IsOn(string name) => Value(name) is { } text && OptionText.ReadSwitch(text);
        listener = Value("--fd") is null ? listener : null;
        RequireShare(Value("--shared-dir"), Value("--socket-path"), Value("--fd"), listener);
        var sandbox = SandboxSettings.From(given);
        RequireOneMapping(given);
        RequireControl(Value("--control-socket"), IsOn("--detach"), sandbox);
        string directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Value("--shared-dir")!));
        string? descriptor = Value("--fd");
        ShareOptions share = new()
        {
            Path = directory,
            Tag = Path.GetFileName(directory),
            OffersTag = false,
            SocketPath = Value("--socket-path") is { } socket ? Path.GetFullPath(socket) : $"/proc/self/fd/{descriptor ?? listener.ToString()}",
            ListenDescriptor = isInside && Value("--socket-path") is not null ? null : listener,
        };
        foreach (GivenOption option in given.Where(option => IsOfShare(option, sandbox)))
        {
            share = option.Option.Set(share, option.Value);
        }

        return new ProgramSettings
        {
            Share = share,
            ExitsOnDisconnect = descriptor is not null || IsOn("--exit-on-disconnect"),
            DescriptorLimit = Value("--rlimit-nofile") is { } limit ? int.Parse(limit, System.Globalization.CultureInfo.InvariantCulture) : 0,
            LogLevel = Value("--log-level") is { } level ? Enum.Parse<LogLevel>(level, ignoreCase: true) : LogLevel.Info,
            Sandbox = sandbox,
            ControlSocket = Value("--control-socket") is { } control ? Path.GetFullPath(control) : null,
            Detaches = IsOn("--detach"),
            LogsToSystem = IsOn("--syslog"),
            SystemCalls = Value("--seccomp") is { } action && Enum.TryParse(action, ignoreCase: true, out ProcessFilterAction parsed) ? parsed : null,
            Warnings = [.. given.Select(Lack).OfType<string>().Distinct(), .. sandbox.Warnings],
        };
    }

    // Where the kernel maps ids, the device must not.
    private static bool IsOfShare(GivenOption given, SandboxSettings sandbox) => given.Option.Name switch
    {
        "--shared-dir" or "--socket-path" => false,
        "--uid-map" or "--gid-map" => !sandbox.MapsIds,
        _ => true,
    };

    private static void RequireShare(string? directory, string? socket, string? descriptor, int? listener)
    {
        if (string.IsNullOrEmpty(directory))
        {
            throw new FormatException("--shared-dir is missing: it names the directory to share; --help lists the options.");
        }

        if ((socket is null) == (descriptor is null) && listener is null)
        {
            throw new FormatException("Give either --socket-path, where the virtual machine's monitor connects, or --fd with a socket that listens already.");
        }
    }

    private static void RequireControl(string? control, bool detaches, SandboxSettings sandbox)
    {
        if (control is null && detaches)
        {
            throw new FormatException("--detach takes --control-socket: without it nobody could find the share again.");
        }

        if (control is not null && sandbox.IsWanted)
        {
            throw new FormatException("--control-socket and --sandbox cannot be used together: in a sandbox the program does not see the folder of the control socket.");
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
        "--migration-mode" or "--migration-on-error" or "--migration-verify-handles" or "--migration-confirm-paths" =>
            $"{given.Option.Name} has no effect: live migration is not there yet, and a virtual machine with this device is not migrated.",
        _ => null,
    };
}
