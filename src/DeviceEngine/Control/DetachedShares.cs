using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>The shares that processes of their own serve, as far as this user may see them.</summary>
public static class DetachedShares
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<(int ProcessId, long Start), int> Ids = [];

    /// <summary>All that there are. One whose process does not answer is faulted; what its record tells of a process that has ended is passed over.</summary>
    public static IReadOnlyList<DetachedShare> List() =>
        [.. ControlFolder.Visible().SelectMany(place => List(place.Folder, place.Owner)).OrderBy(share => share.Id)];

    /// <summary>The words of a command line that start a process for a share.</summary>
    /// <param name="options">The share.</param>
    /// <param name="control">Its control socket.</param>
    public static IReadOnlyList<string> CommandLine(ShareOptions options, string control) =>
        [.. ShareRecord.ToWords(options), $"--control-socket={control}", "--detach"];

    /// <summary>Whether two shares are started by the same options.</summary>
    /// <param name="one">The one.</param>
    /// <param name="other">The other.</param>
    public static bool AreSame(ShareOptions one, ShareOptions other) => ShareRecord.ToWords(one).SequenceEqual(ShareRecord.ToWords(other));

    private static IEnumerable<DetachedShare> List(string folder, uint owner)
    {
        string suffix = ControlFolder.SocketSuffix + ControlFolder.RecordSuffix;
        string[] files;
        try
        {
            files = Directory.GetFiles(folder, "*" + suffix);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            yield break;
        }

        foreach (string file in files)
        {
            if (ShareRecord.TryRead(file, owner) is { } record && record.IsAliveFor(owner) && TryReadOptions(record) is { } options)
            {
                yield return new DetachedShare(IdOf(record), record, options, file[..^ControlFolder.RecordSuffix.Length], owner);
            }
        }
    }

    private static ShareOptions? TryReadOptions(ShareRecord record)
    {
        try
        {
            return record.ReadOptions();
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    // A process keeps its id for as long as this one lives.
    private static int IdOf(ShareRecord record)
    {
        lock (Gate)
        {
            (int, long) key = (record.ProcessId, record.StartTicks);
            return Ids.TryGetValue(key, out int id) ? id : Ids[key] = ShareRegistry.TakeId();
        }
    }
}
