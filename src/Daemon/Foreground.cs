using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Linux;

namespace VirtioFs.Daemon;

/// <summary>Serves one share until a signal ends it, its one virtual machine has gone, or it fails.</summary>
internal sealed class Foreground
{
    private static readonly PosixSignal[] s_endingSignals = [PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP];

    private readonly ProgramSettings _settings;
    private readonly ProgramLog _log;
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? _signal;

    private Foreground(ProgramSettings settings, ProgramLog log) => (_settings, _log) = (settings, log);

    /// <summary>Serves, and answers the exit status.</summary>
    internal static int Run(ProgramSettings settings)
    {
        using ProgramLog log = new(settings.LogLevel, settings.LogsToSystem);
        foreach (string warning in settings.Warnings)
        {
            log.Write(LogLevel.Warn, warning);
        }

        Foreground foreground = new(settings, log);
        PosixSignalRegistration[] registrations = [.. s_endingSignals.Select(signal => PosixSignalRegistration.Create(signal, foreground.End))];
        try
        {
            return foreground.Serve();
        }
        catch (ArgumentException e)
        {
            // The message names the option as the table of the engine does; a wrong command line is told whatever the level.
            Console.Error.WriteLine($"vhost-user-fs: {WithoutParameterName(e)}");
            return ExitCode.WrongCommandLine;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Write(LogLevel.Error, e.Message);
            return ExitCode.Failure;
        }
        finally
        {
            Array.ForEach(registrations, registration => registration.Dispose());
        }
    }

    private int Serve()
    {
        ShareOptions options = _settings.Share;
        options.Validate();
        LimitDescriptors();
        using PidFile? pidFile = options.ListenDescriptor is null ? PidFile.Take(options.SocketPath) : null;
        var share = Share.Start(options);
        share.StateChanged += Report;
        share.Noted += Report;
        string tag = options.OffersTag ? $" as '{options.Tag}'" : string.Empty;
        _log.Write(LogLevel.Info, $"sharing '{options.Path}'{tag} on '{options.SocketPath}'; waiting for a virtual machine.");
        if (share.State == ShareState.Faulted)
        {
            _ended.TrySetResult(ExitCode.Failure);
        }

        int exitCode = _ended.Task.GetAwaiter().GetResult();
        share.StateChanged -= Report;
        share.Noted -= Report;
        SayWhy(share);
        share.Stop();
        return exitCode;
    }

    private void SayWhy(Share share)
    {
        if (_signal is not { } signal)
        {
            return;
        }

        string guest = share.Guest is { } connected
            ? $" under the connected virtual machine ({connected.ProcessName ?? "process"} {connected.ProcessId}), which loses the files at once"
            : string.Empty;
        _log.Write(LogLevel.Info, $"{signal}: the share is stopped{guest}.");
    }

    private void LimitDescriptors()
    {
        if (_settings.DescriptorLimit == 0)
        {
            return;
        }

        int result = ProcessLimits.SetDescriptors(_settings.DescriptorLimit);
        if (result < 0)
        {
            throw new IOException($"--rlimit-nofile {_settings.DescriptorLimit} cannot be set: {Errno.Describe(-result)}.");
        }
    }

    private void End(PosixSignalContext context)
    {
        context.Cancel = true;
        _signal = context.Signal.ToString();
        _ended.TrySetResult(ExitCode.Success);
    }

    private void Report(object? sender, ShareNoteEventArgs note) =>
        _log.Write(note.Kind == ShareNoteKind.Trouble ? LogLevel.Warn : LogLevel.Info, note.Text);

    private void Report(object? sender, ShareStateChangedEventArgs change)
    {
        switch (change.Current)
        {
            case ShareState.Connected:
                _log.Write(LogLevel.Debug, "a front end has opened the socket.");
                break;
            case ShareState.Waiting when _settings.ExitsOnDisconnect:
                _log.Write(LogLevel.Info, $"the virtual machine is gone; so is the share. {change.Reason}".TrimEnd());
                _ended.TrySetResult(ExitCode.Success);
                break;
            case ShareState.Waiting:
                _log.Write(LogLevel.Info, $"the virtual machine is gone; waiting for the next. {change.Reason}".TrimEnd());
                break;
            case ShareState.Faulted:
                _log.Write(LogLevel.Error, $"the share failed. {change.Reason}".TrimEnd());
                _ended.TrySetResult(ExitCode.Failure);
                break;
            default:
                break;
        }
    }

    // .NET ends the message with the name of its own parameter, which means nothing on a command line.
    private static string WithoutParameterName(ArgumentException e)
    {
        int end = e.Message.LastIndexOf(" (Parameter '", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }
}
