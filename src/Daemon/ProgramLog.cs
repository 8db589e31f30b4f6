using System.Globalization;
using System.Net.Sockets;
using System.Text;
using VirtioFs.Daemon.Service;

namespace VirtioFs.Daemon;

/// <summary>The lines of the program: on the standard error, or in the system's log (RFC 3164, over <c>/dev/log</c>).</summary>
internal sealed class ProgramLog : IDisposable
{
    private const string Name = "vhost-user-fs";
    private const string SystemSocket = "/dev/log";

    // What a guest does wrong can be told by many lines a second; a disk must not fill with them.
    private const int LinesPerMinute = 60;

    private readonly Lock _gate = new();
    private readonly LogLevel _level;
    private readonly bool _toJournal = Journal.IsStandardError();
    private readonly Socket? _system;
    private long _minute;
    private int _lines;

    internal ProgramLog(LogLevel level, bool toSystem)
    {
        _level = level;
        if (!toSystem)
        {
            return;
        }

        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(SystemSocket));
            _system = socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            Write(LogLevel.Warn, $"The system's log cannot be reached at {SystemSocket}, so lines go to the standard error: {e.Message}.");
        }
    }

    internal void Write(LogLevel level, string sentence)
    {
        if (!Writes(level))
        {
            return;
        }

        lock (_gate)
        {
            if (IsTooMuch(out bool isFirst) && level != LogLevel.Error)
            {
                if (isFirst)
                {
                    Send(LogLevel.Warn, $"more than {LinesPerMinute} lines in a minute; the rest of this minute's are left out.");
                }

                return;
            }

            Send(level, sentence);
        }
    }

    /// <summary>Whether lines of a level are written.</summary>
    internal bool Writes(LogLevel level) => level <= _level;

    /// <summary>Writes a line of <see cref="LogLevel.Trace"/>, however many there are: who asks for them asks for all.</summary>
    internal void Trace(string line)
    {
        lock (_gate)
        {
            Send(LogLevel.Trace, line);
        }
    }

    public void Dispose() => _system?.Dispose();

    private bool IsTooMuch(out bool isFirst)
    {
        long minute = Environment.TickCount64 / 60_000;
        (_minute, _lines) = minute == _minute ? (_minute, _lines + 1) : (minute, 1);
        isFirst = _lines == LinesPerMinute + 1;
        return _lines > LinesPerMinute;
    }

    private void Send(LogLevel level, string sentence)
    {
        const int User = 1 << 3;
        int severity = level switch { LogLevel.Error => 3, LogLevel.Warn => 4, LogLevel.Info => 6, _ => 7 };
        if (_system is null)
        {
            // The journal adds the program's name itself.
            Console.Error.WriteLine(_toJournal ? string.Create(CultureInfo.InvariantCulture, $"<{severity}>{sentence}") : $"{Name}: {sentence}");
            return;
        }

        try
        {
            _ = _system.Send(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<{User | severity}>{Name}[{Environment.ProcessId}]: {sentence}")));
        }
        catch (SocketException)
        {
            Console.Error.WriteLine($"{Name}: {sentence}");
        }
    }
}
