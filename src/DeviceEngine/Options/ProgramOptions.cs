using System.Globalization;
using System.Text.RegularExpressions;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Identity;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Options;

/// <summary>Rows of the table: what the executable alone has.</summary>
internal static partial class ProgramOptions
{
    private const string FilterDifference = "none by default, not kill; the threads that answer a guest get an error for calls that they do not need in any case (--jail).";
    private const string SandboxDifference = "none by default, not namespace; what holds is told at start.";
    private const string CapabilityDifference = "CAP_DAC_READ_SEARCH is kept only with --inode-file-handles=prefer or mandatory.";
    private const string MapDifference = "With --sandbox namespace the kernel maps them; else the device translates.";
    private const string NoMigration = "Live migration is not there yet; a warning says so.";
    private const uint Overflow = 65534;

    internal static readonly IReadOnlyList<ShareOption> All =
    [
        new()
        {
            Name = "--fd",
            Kind = ShareOptionKind.Number,
            Description = "A socket that listens already, by its descriptor, in place of --socket-path. It serves one connection, and the program ends with it.",
            ValueName = "NUMBER",
            Range = "from 0",
            Default = "none",
            Example = "3",
            Property = nameof(ShareOptions.ListenDescriptor),
            Virtiofsd = "--fd",
            Setter = (options, text) => options with { ListenDescriptor = OptionText.ReadNumber(text, 0, int.MaxValue) },
            Getter = options => options.ListenDescriptor is { } number ? [OptionText.WriteNumber(number)] : [],
        },
        Flag("--exit-on-disconnect", "The program ends when its virtual machine has gone, as virtiofsd does.") with { Difference = string.Empty },
        Checked("--control-socket", "PATH", "/run/virtiofs/detached/data.control", "A Unix socket where the cmdlets of the same user, and root's, find the share, in a folder that is closed to all others.", "none", _ => { }) with { Range = "at most 107 bytes" },
        Flag("--detach", "The program leaves the session and the terminal of who started it, and goes on without them. It takes --control-socket; lines go to PATH.log."),
        Flag("--print-capabilities", "Prints as JSON what this program can do, for libvirt.") with { Virtiofsd = "--print-capabilities" },
        Checked("--uid-map", "MAP", ":0:100000:65536:", "User ids of the guest that are others on the host, as :GUEST:HOST:COUNT:. All others are forbidden.", "none", _ => { })
            with
            {
                Kind = ShareOptionKind.Rule,
                MayRepeat = true,
                Virtiofsd = "--uid-map",
                Difference = MapDifference,
                Setter = (options, text) => options with { FileSystem = options.FileSystem with { UserIds = AddMap(options.FileSystem.UserIds, text) } },
            },
        Checked("--gid-map", "MAP", ":0:100000:65536:", "Group ids of the guest that are others on the host, as :GUEST:HOST:COUNT:. All others are forbidden.", "none", _ => { })
            with
            {
                Kind = ShareOptionKind.Rule,
                MayRepeat = true,
                Virtiofsd = "--gid-map",
                Difference = MapDifference,
                Setter = (options, text) => options with { FileSystem = options.FileSystem with { GroupIds = AddMap(options.FileSystem.GroupIds, text) } },
            },
        Checked("--rlimit-nofile", "NUMBER", "4096", "The most descriptors that the process may hold; 0 leaves the limit as it is.", "0", text => OptionText.ReadNumber(text, 0, int.MaxValue))
            with
            { Kind = ShareOptionKind.Number, Range = "from 0", Virtiofsd = "--rlimit-nofile", Difference = "The limit is left as it is by default; .NET raises it to the hard limit." },
        Word("--sandbox", "How the process is confined.", "none", "namespace", "chroot")
            with
            { Virtiofsd = "--sandbox", Difference = SandboxDifference, Spellings = [new("-o sandbox=")], Example = "namespace" },
        Word("--seccomp", "What a system call that the program does not need does to it: kill and trap end it, log writes it to the kernel's log.", "none", "kill", "log", "trap")
            with
            { Virtiofsd = "--seccomp", Difference = FilterDifference, Example = "kill" },
        Checked("--modcaps", "LIST", "+dac_read_search:-chown", "Capabilities to keep or to give up, such as +dac_read_search:-chown, beside chown, dac_override, fowner, fsetid, mknod, setfcap, setgid and setuid.", "as they are; in a sandbox those", ReadCapabilities)
            with
            { Virtiofsd = "--modcaps", Difference = CapabilityDifference, Spellings = [new("-o modcaps=")] },
        Word("--log-level", "Which lines the program writes; trace has one for each request.", "info", "error", "warn", "debug", "trace", "off")
            with
            {
                ValueName = "off|error|warn|info|debug|trace",
                Virtiofsd = "--log-level",
                Example = "warn",
                Spellings =
                [
                    new("-d", "debug"),
                    new("-o loglevel=") { Translations = new Dictionary<string, string> { ["err"] = "error" } },
                ],
            },
        Flag("--syslog", "Lines go to the system's log in place of the standard error.") with { Virtiofsd = "--syslog" },
        Word("--migration-mode", "How a guest's files are named to another host.", "find-paths", "file-handles")
            with
            { Virtiofsd = "--migration-mode", Difference = NoMigration, Example = "file-handles" },
        Word("--migration-on-error", "What a file does that the other host cannot open.", "abort", "guest-error")
            with
            { Virtiofsd = "--migration-on-error", Difference = NoMigration, Example = "guest-error" },
        Flag("--migration-verify-handles", "The other host compares file handles.") with { Virtiofsd = "--migration-verify-handles", Difference = NoMigration },
        Flag("--migration-confirm-paths", "Paths are looked at once more before the guest moves.") with { Virtiofsd = "--migration-confirm-paths", Difference = NoMigration },
        Flag("--foreground", "The program stays in the foreground, which it does anyway.") with { Virtiofsd = "-f", Spellings = [new("-f", OptionText.On)] },
        Flag("--help", "Prints the options.") with { Virtiofsd = "--help", Spellings = [new("-h", OptionText.On), new("-?", OptionText.On)] },
        Flag("--version", "Prints the version.") with { Virtiofsd = "--version", Spellings = [new("-V", OptionText.On)] },
    ];

    /// <summary>What a user namespace does: mapped ids become others, the guest cannot use the rest, and the host's rest belongs to nobody.</summary>
    internal static IReadOnlyList<IdRange> CloseMap(IReadOnlyList<IdRange> maps)
    {
        List<IdRange> rules = [.. maps];
        AddGaps(maps.Select(map => (map.From, map.Count)), (first, count) => rules.Add(new IdRange(IdRangeKind.ForbidGuest, first, 0, count)));
        AddGaps(maps.Select(map => (map.To, map.Count)), (first, count) => rules.Add(new IdRange(IdRangeKind.SquashHost, first, Overflow, count)));
        return rules;
    }

    private static void AddGaps(IEnumerable<(uint First, uint Count)> ranges, Action<uint, uint> add)
    {
        ulong next = 0;
        foreach ((uint first, uint count) in ranges.OrderBy(range => range.First))
        {
            if (first > next)
            {
                add((uint)next, (uint)(first - next));
            }

            next = Math.Max(next, (ulong)first + count);
        }

        if (next < uint.MaxValue)
        {
            add((uint)next, (uint)(uint.MaxValue - next));
        }
    }

    private static IReadOnlyList<IdRange> AddMap(IReadOnlyList<IdRange> before, string text)
    {
        if (before.Any(rule => rule.Kind is not (IdRangeKind.Both or IdRangeKind.ForbidGuest or IdRangeKind.SquashHost)))
        {
            throw new FormatException("it cannot be used together with --translate-uid or --translate-gid.");
        }

        Match match = MapForm().Match(text);
        uint[] numbers = match.Success
            ? [.. match.Groups.Values.Skip(1).Select(group => uint.TryParse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : uint.MaxValue)]
            : [];
        if (numbers.Length == 0 || numbers.Contains(uint.MaxValue))
        {
            throw new FormatException("a map is :GUEST:HOST:COUNT:, such as :0:100000:65536:.");
        }

        return CloseMap([.. before.Where(rule => rule.Kind == IdRangeKind.Both), new IdRange(IdRangeKind.Both, numbers[0], numbers[1], numbers[2])]);
    }

    private static void ReadCapabilities(string text)
    {
        foreach (string entry in text.Split(':'))
        {
            if (entry.Length < 2 || entry[0] is not ('+' or '-') || !CapabilityNames.Contains(entry[1..]))
            {
                throw new FormatException($"'{entry}' is not a capability with + or - before it; write a list such as +dac_read_search:-chown.");
            }
        }
    }

    private static ShareOption Flag(string name, string description) => new()
    {
        Name = name,
        Kind = ShareOptionKind.Switch,
        Description = description,
        Default = OptionText.Off,
        Example = OptionText.On,
        Setter = (options, text) => OptionText.ReadSwitch(text) ? options : options,
    };

    private static ShareOption Word(string name, string description, string standard, params string[] others)
    {
        Dictionary<string, string> words = ((string[])[standard, .. others]).ToDictionary(word => word);
        return Checked(name, string.Join('|', words.Keys), others[0], description, standard, text => OptionText.ReadWord(text, words))
            with
            { Kind = ShareOptionKind.Choice };
    }

    private static ShareOption Checked(string name, string valueName, string example, string description, string standard, Action<string> check) => new()
    {
        Name = name,
        Kind = ShareOptionKind.Text,
        Description = description,
        ValueName = valueName,
        Default = standard,
        Example = example,
        Setter = (options, text) =>
        {
            check(text);
            return options;
        },
    };

    [GeneratedRegex(@"\A:([0-9]{1,10}):([0-9]{1,10}):([0-9]{1,10}):\z")]
    private static partial Regex MapForm();
}
