using System.Globalization;
using System.Text.Json;
using VirtioFs.DeviceEngine.Options;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>
/// What the file of a detached share says: which process serves it, and how it was started. A process's number comes back, so its time of
/// start belongs to it.
/// </summary>
internal sealed record ShareRecord
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The process.</summary>
    public int ProcessId { get; init; }

    /// <summary>When the process was started, in ticks since the host's start (proc(5), field 22 of stat).</summary>
    public long StartTicks { get; init; }

    /// <summary>The options of the share, as words of a command line.</summary>
    public string[] Words { get; init; } = [];

    /// <summary>The record of a share that this process serves.</summary>
    internal static ShareRecord Of(ShareOptions options) =>
        new() { ProcessId = Environment.ProcessId, StartTicks = ReadStart(Environment.ProcessId) ?? 0, Words = [.. ToWords(options)] };

    /// <summary>The options as words of a command line, which <see cref="ReadOptions"/> reads.</summary>
    internal static IEnumerable<string> ToWords(ShareOptions options) =>
        ShareOptionTable.Device.Concat(ShareOptionTable.FileSystem).SelectMany(option => option.Write(options).Select(option.ToWord));

    /// <summary>The options that the words are.</summary>
    /// <exception cref="FormatException">A word is not an option of a share.</exception>
    internal ShareOptions ReadOptions() => Array.Exists(Words, word => word is null) ? throw new FormatException("A word is missing.") : CommandWords.Read(Words)
        .Aggregate(new ShareOptions { Path = string.Empty, Tag = string.Empty, SocketPath = string.Empty, OffersTag = false }, (options, given) => given.Option.Set(options, given.Value));

    /// <summary>Whether the process is still the one that wrote this, and this user's: anybody can write down the number of anybody's process.</summary>
    internal bool IsAliveFor(uint owner) => ReadStart(ProcessId) == StartTicks && IsOf(ProcessId, owner);

    /// <summary>Writes the record in one step: a reader sees all of it, or none.</summary>
    internal void Write(string path)
    {
        string temporary = $"{path}.{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
        File.Delete(temporary);
        using (FileStream file = new(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            JsonSerializer.Serialize(file, this, ControlJson.Default.ShareRecord);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Reads a record; null for what is none, has another owner, or could have been written by others.</summary>
    /// <param name="path">The file.</param>
    /// <param name="owner">Whose it must be.</param>
    internal static ShareRecord? TryRead(string path, uint owner)
    {
        try
        {
            return ControlFolder.ReadOwnFile(path, owner) is { } bytes ? JsonSerializer.Deserialize(bytes, ControlJson.Default.ShareRecord) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // The user that started it, whoever it acts as: the first number of the line (proc_pid_status(5)).
    private static bool IsOf(int processId, uint owner)
    {
        try
        {
            string line = File.ReadLines($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/status").First(line => line.StartsWith("Uid:\t", StringComparison.Ordinal));
            return uint.Parse(line.Split('\t')[1], CultureInfo.InvariantCulture) == owner;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static long? ReadStart(int processId)
    {
        try
        {
            // The name in parentheses may hold anything; the state behind it is the third field.
            string status = File.ReadAllText($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/stat");
            string[] fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
