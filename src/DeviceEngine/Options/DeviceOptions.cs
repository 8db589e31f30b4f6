using System.Globalization;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Linux;
using static VirtioFs.DeviceEngine.Options.OptionBuilder;

namespace VirtioFs.DeviceEngine.Options;

/// <summary>Rows of the table: what a share is, where its socket lies, and its device.</summary>
internal static class DeviceOptions
{
    internal static readonly IReadOnlyList<ShareOption> All =
    [
        Text(
            "--shared-dir", nameof(ShareOptions.Path), "Path", "DIRECTORY", "/srv",
            "The directory to share, or a single file, which the guest sees in an otherwise empty directory.",
            options => options.Path, (options, text) => options with { Path = text })
            with
            { Default = "(required)", Virtiofsd = "--shared-dir", Spellings = [new("-o source=")] },
        Text(
            "--tag", nameof(ShareOptions.Tag), "Tag", "NAME", "data", "The name by which the guest mounts the share.",
            options => options.OffersTag ? options.Tag : null, (options, text) => options with { Tag = text, OffersTag = true })
            with
            {
                Default = "the directory's name; the executable leaves it to the front end",
                Range = "1 to 36 bytes of UTF-8",
                Effect = OptionEffect.Connection,
                Virtiofsd = "--tag",
            },
        Text(
            "--socket-path", nameof(ShareOptions.SocketPath), "Socket", "PATH", "/run/virtiofs/data.sock", "The Unix socket that the VMM connects to.",
            options => options.SocketPath, (options, text) => options with { SocketPath = text })
            with
            { Default = "(required); below /run/virtiofs or $XDG_RUNTIME_DIR/virtiofs for the cmdlet", Range = "at most 107 bytes", Virtiofsd = "--socket-path", Spellings = [new("--socket")] },
        Text(
            "--socket-group", nameof(ShareOptions.SocketGroupId), "SocketGroup", "GROUP", "0", "The group that owns the socket, by name or number.",
            options => options.SocketGroupId?.ToString(CultureInfo.InvariantCulture), (options, text) => options with { SocketGroupId = ReadGroup(text) })
            with
            { Default = "the process's", Virtiofsd = "--socket-group" },
        Text(
            "--socket-mode", nameof(ShareOptions.SocketMode), "SocketMode", "MODE", "0666", "The socket's mode in octal digits.",
            options => options.SocketMode is { } mode ? OptionText.WriteMode(mode) : null, (options, text) => options with { SocketMode = OptionText.ReadMode(text) })
            with
            { Default = "0600; 0660 with a group" },
        Number(
            "--request-queues", nameof(ShareOptions.RequestQueues), "RequestQueues", "The most request queues that a guest may use.",
            $"1 to {ShareOptions.MaximumRequestQueues}", 1, ShareOptions.MaximumRequestQueues, "", 3,
            options => options.RequestQueues, (options, number) => options with { RequestQueues = number })
            with
            { Effect = OptionEffect.Connection },
        Number(
            "--queue-size", nameof(ShareOptions.QueueSize), "QueueSize", "The most entries that a queue may have: a power of two.",
            $"2 to {ShareOptions.MaximumQueueSize}", 2, ShareOptions.MaximumQueueSize, "", 256,
            options => options.QueueSize, (options, number) => options with { QueueSize = number })
            with
            { Effect = OptionEffect.Connection },
        Number(
            "--poll-microseconds", nameof(ShareOptions.PollMicroseconds), "PollMicroseconds",
            "How long a worker polls an empty queue, at most, before it sleeps; 0 disables polling.",
            $"0 to {ShareOptions.MaximumPollMicroseconds}", 0, ShareOptions.MaximumPollMicroseconds, "", 0,
            options => options.PollMicroseconds, (options, number) => options with { PollMicroseconds = number })
            with
            { Effect = OptionEffect.Connection },
        Number(
            "--blocking-threads", nameof(ShareOptions.BlockingThreads), "BlockingThreads", "Threads for requests that block, such as fsync.",
            $"1 to {ShareOptions.MaximumBlockingThreads}", 1, ShareOptions.MaximumBlockingThreads, "", 8,
            options => options.BlockingThreads, (options, number) => options with { BlockingThreads = number })
            with
            {
                Virtiofsd = "--thread-pool-size",
                Difference = "0 means the default: requests that do not block need no pool.",
                Spellings = [new("--thread-pool-size") { Translations = new Dictionary<string, string> { ["0"] = OptionText.WriteNumber(Defaults.BlockingThreads) } }],
            },
        Jail(Words<JailUse>()),
    ];

    private static ShareOption Jail(IReadOnlyDictionary<string, JailUse> words) => new()
    {
        Name = "--jail",
        Kind = ShareOptionKind.Choice,
        Description = "The sandbox of each thread that serves the guest: as far as the kernel allows, every layer or no share, or none.",
        ValueName = string.Join('|', words.Keys),
        Default = words.First().Key,
        Example = "required",
        Property = nameof(ShareOptions.Jail),
        Parameter = "JailMode",
        Setter = (options, text) => options with { Jail = OptionText.ReadWord(text, words) },
        Getter = options => [words.First(word => word.Value == options.Jail).Key],
    };

    private static uint ReadGroup(string text) => UnixGroup.Find(text)
        ?? (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) && number != uint.MaxValue
            ? number
            : throw new FormatException("this host has no such group."));

    private static ShareOption Text(
        string name, string property, string parameter, string valueName, string example, string description,
        Func<ShareOptions, string?> get, Func<ShareOptions, string, ShareOptions> set) => new()
        {
            Name = name,
            Kind = ShareOptionKind.Text,
            Description = description,
            ValueName = valueName,
            Default = string.Empty,
            Example = example,
            Property = property,
            Parameter = parameter,
            Setter = set,
            Getter = options => get(options) is { } text ? [text] : [],
        };
}
