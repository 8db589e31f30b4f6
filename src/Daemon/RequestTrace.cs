using System.Globalization;
using System.Text;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Daemon;

/// <summary>Writes a line for each request that a share answers: what was asked for and how it ended, never what a file holds.</summary>
internal sealed class RequestTrace : IDisposable
{
    // What a guest asks for while the log's reader is slow; beyond it requests are counted, and none waits.
    private const int Capacity = 1 << 16;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly Share _share;
    private readonly ProgramLog _log;
    private readonly OperationWatch _watch = new(Capacity);
    private readonly ManualResetEventSlim _ends = new();
    private readonly Thread _writer;
    private long _dropped;

    private RequestTrace(Share share, ProgramLog log)
    {
        (_share, _log) = (share, log);
        _writer = new Thread(Write) { IsBackground = true, Name = "vfs-trace" };
        share.BeginWatch(_watch);
        _writer.Start();
    }

    /// <summary>Begins to write, where the log takes such lines; null elsewhere, and the share is not watched.</summary>
    internal static RequestTrace? Begin(Share share, ProgramLog log) => log.Writes(LogLevel.Trace) ? new RequestTrace(share, log) : null;

    /// <summary>Writes what waits, unless nobody takes it.</summary>
    public void Dispose()
    {
        _share.EndWatch(_watch);
        _ends.Set();
        _ = _writer.Join(s_patience);
    }

    /// <summary>The line for one request.</summary>
    internal static string Describe(in WatchedOperation operation)
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"request unique={operation.Unique} opcode={operation.Opcode}({(uint)operation.Opcode}) node={operation.Node}");
        AppendName(line, "name", operation.Name);
        AppendName(line, operation.Opcode == FuseOpcode.SymbolicLink ? "target" : "new-name", operation.OtherName);
        line.Append(CultureInfo.InvariantCulture, $" pid={operation.ProcessId} result={(operation.Error == 0 ? "OK" : Errno.Name(operation.Error))}");
        if (operation.Bytes > 0)
        {
            line.Append(CultureInfo.InvariantCulture, $" bytes={operation.Bytes}");
        }

        return line.Append(CultureInfo.InvariantCulture, $" microseconds={operation.Nanoseconds / 1000.0:F1}").ToString();
    }

    // A name must not look like another line, nor move a terminal's cursor.
    private static void AppendName(StringBuilder line, string key, string? name)
    {
        if (name is null)
        {
            return;
        }

        line.Append(' ').Append(key).Append("=\"");
        foreach (Rune rune in name.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\')
            {
                line.Append('\\').Append((char)rune.Value);
            }
            else if (IsVisible(Rune.GetUnicodeCategory(rune)))
            {
                line.Append(rune.ToString());
            }
            else
            {
                line.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
            }
        }

        line.Append('"');
    }

    private static bool IsVisible(UnicodeCategory category) => category is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private void Write()
    {
        bool isOver;
        do
        {
            isOver = _ends.Wait(s_pause);
            while (_watch.TryTake(out WatchedOperation operation))
            {
                _log.Trace(Describe(operation));
            }

            if (_watch.Dropped is var dropped && dropped != _dropped)
            {
                _log.Trace(string.Create(CultureInfo.InvariantCulture, $"{dropped - _dropped} requests came faster than lines could be written, and have none."));
                _dropped = dropped;
            }
        }
        while (!isOver);
    }
}
