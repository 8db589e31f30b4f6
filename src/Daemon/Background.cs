using Microsoft.Win32.SafeHandles;
using VirtioFs.Linux;

namespace VirtioFs.Daemon;

/// <summary>
/// The program without who started it: it leads a session of its own from the beginning, so no signal of a terminal reaches it. Until it serves, its
/// standard streams are those of the starter, who reads there that it serves, or why not.
/// </summary>
internal sealed class Background : IDisposable
{
    private const uint OwnerOnly = 0b110_000_000;
    private const int Input = 0, Output = 1, Errors = 2;

    private readonly string _logPath;
    private readonly StreamWriter _errors;

    private Background(string logPath)
    {
        _logPath = logPath;
        // The runtime's own writer has a copy of the descriptor, which would stay the starter's.
        _errors = new StreamWriter(new FileStream(new SafeFileHandle(Errors, ownsHandle: false), FileAccess.Write, bufferSize: 0)) { AutoFlush = true };
    }

    /// <summary>Leaves the session of the starter.</summary>
    internal static Background Begin(string controlSocket)
    {
        // EPERM: this process leads a group already, as one of a service manager does, and has no terminal then.
        _ = ProcessSession.Begin();
        Background background = new(controlSocket + ".log");
        Console.SetError(background._errors);
        return background;
    }

    /// <summary>Tells the starter that the share is served, and lets its streams go: lines go to the log from now on.</summary>
    /// <exception cref="LinuxException">The log cannot be opened.</exception>
    internal void Leave()
    {
        using FileDescriptor log = new((int)LinuxException.Check(
            Files.Open(_logPath, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Truncate | OpenFlags.Append | OpenFlags.NoFollow, OwnerOnly), $"Opening '{_logPath}' failed"));
        using FileDescriptor nothing = new((int)LinuxException.Check(Files.Open("/dev/null", OpenFlags.ReadWrite), "Opening '/dev/null' failed"));
        using (FileStream output = new(new SafeFileHandle(Output, ownsHandle: false), FileAccess.Write, bufferSize: 0))
        {
            try
            {
                output.Write("serving\n"u8);
            }
            catch (IOException)
            {
                // The starter has ended meanwhile. The share was asked for all the same.
            }
        }

        ProcessSession.Redirect(nothing.Value, Input);
        ProcessSession.Redirect(nothing.Value, Output);
        ProcessSession.Redirect(log.Value, Errors);
    }

    /// <summary>Removes the log, of a program that ended as it should.</summary>
    internal void RemoveLog() => File.Delete(_logPath);

    public void Dispose() => _errors.Dispose();
}
