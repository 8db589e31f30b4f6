using System.Runtime.InteropServices;
using VirtioFs.Daemon.Sandbox;
using VirtioFs.Daemon.Service;
using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Wrappers;
using VirtioFs.Linux;

namespace VirtioFs.Daemon;

/// <summary>Serves one share until a signal ends it, its one virtual machine has gone, or it fails.</summary>
internal sealed class Foreground
{
    private static readonly PosixSignal[] s_endingSignals = [PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP];

    private readonly ProgramSettings _settings;
    private readonly ProgramLog _log;
    private readonly SandboxEntry? _entry;
    private readonly ServiceManager _manager;
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? _signal;
    private Background? _background;

    private Foreground(ProgramSettings settings, ProgramLog log, ServiceManager manager, SandboxEntry? entry) =>
        (_settings, _log, _manager, _entry) = (settings, log, manager, entry);

    /// <summary>Serves, and answers the exit status.</summary>
    /// <param name="settings">What is to be served.</param>
    /// <param name="entry">What the supervisor prepared; null outside of a sandbox.</param>
    internal static int Run(ProgramSettings settings, SandboxEntry? entry)
    {
        using Background? background = settings.Detaches ? Background.Begin(settings.ControlSocket!) : null;
        using ProgramLog log = new(settings.LogLevel, settings.LogsToSystem);
        bool supervises = settings.Sandbox.IsWanted && entry is null;
        using ServiceManager manager = new();
        Foreground foreground = new(settings, log, manager, entry) { _background = background };
        PosixSignalRegistration[] registrations = supervises ? [] : [.. s_endingSignals.Select(signal => PosixSignalRegistration.Create(signal, foreground.End))];
        try
        {
            return supervises ? foreground.Supervise() : foreground.Serve();
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

    private int Supervise()
    {
        _settings.Share.Validate();
        LimitDescriptors();
        return Supervisor.Run(_settings, _log);
    }

    private int Serve()
    {
        ShareOptions options = _settings.Share;
        options.Validate();
        Array.ForEach([.. _settings.Warnings], warning => _log.Write(LogLevel.Warn, warning));
        if (_entry is null)
        {
            LimitDescriptors();
        }

        using PidFile? control = _settings.ControlSocket is { } controlSocket ? PidFile.Take(controlSocket) : null;
        using PidFile? pidFile = options.ListenDescriptor is null && _entry is null ? PidFile.Take(options.SocketPath) : null;
        Share share = _entry is null ? StartHere(options) : StartInside(_entry, ref options);
        share.StateChanged += Report;
        share.Noted += Report;
        using RequestTrace? trace = RequestTrace.Begin(share, _log);
        using ControlServer? server = _settings.ControlSocket is null ? null : ControlServer.Start(_settings.ControlSocket, share, EndByControl);
        _background?.Leave();
        SayStarted(options, share.Jail);
        if (share.State == ShareState.Faulted)
        {
            _ended.TrySetResult(ExitCode.Failure);
        }

        int exitCode = _ended.Task.GetAwaiter().GetResult();
        share.StateChanged -= Report;
        share.Noted -= Report;
        SayWhy(share);
        share.Stop();
        if (exitCode == ExitCode.Success)
        {
            _background?.RemoveLog();
        }

        return exitCode;
    }

    private Share StartHere(ShareOptions options)
    {
        FilterSystemCalls();
        return Share.Start(options);
    }

    private Share StartInside(SandboxEntry entry, ref ShareOptions options)
    {
        SandboxMode mode = _settings.Sandbox.Mode;
        string? file = SingleFileFileSystem.Find(options.Path);
        entry.Enter(mode, file ?? options.Path, file is not null);
        FilterSystemCalls();
        options = options with { ListenDescriptor = entry.Listener, SocketMode = null, SocketGroupId = null };
        return Share.Start(options, SandboxEntry.OpenShare(mode, file ?? options.Path, file is not null, options.FileSystem));
    }

    // Before the share has threads with a filter of their own.
    private void FilterSystemCalls()
    {
        if (_settings.SystemCalls is { } action)
        {
            ProcessFilter.Install(action);
        }
    }

    private void SayStarted(ShareOptions options, string jail)
    {
        string tag = options.OffersTag ? $" as '{options.Tag}'" : string.Empty;
        string access = options.FileSystem.ReadOnly ? ", read-only" : string.Empty;
        string sandbox = _settings.Sandbox.Describe(_entry?.Capabilities ?? SandboxProcess.PermittedCapabilities);
        string calls = _settings.SystemCalls is { } action ? $"needless system calls: {action.ToString().ToLowerInvariant()}; " : string.Empty;
        _log.Write(LogLevel.Info, $"sharing '{options.Path}'{tag} on '{options.SocketPath}'{access}; waiting for a virtual machine; sandbox: {sandbox}; {calls}jail of the serving threads: {jail}.");
        _manager.SayReady($"Sharing '{options.Path}'; waiting for a virtual machine.");
    }

    private void SayWhy(Share share)
    {
        if (_signal is not { } signal)
        {
            return;
        }

        string guest = share.Guest is { } connected
            ? $" under the connected virtual machine{Name(connected)}, which loses the files at once"
            : string.Empty;
        _manager.SayStopping("Stopping the share.");
        _log.Write(LogLevel.Info, $"{signal}: the share is stopped{guest}.");
    }

    // A sandbox with processes of its own does not see those outside.
    private static string Name(ShareGuest guest) => guest.ProcessId > 0 ? $" ({guest.ProcessName ?? "process"} {guest.ProcessId})" : string.Empty;

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

    private void EndByControl()
    {
        _signal = "a request to stop";
        _ended.TrySetResult(ExitCode.Success);
    }

    private void Report(object? sender, ShareNoteEventArgs note)
    {
        _log.Write(note.Kind == ShareNoteKind.Trouble ? LogLevel.Warn : LogLevel.Info, note.Text);
        if (note.Kind == ShareNoteKind.GuestReady)
        {
            _manager.SayStatus($"Sharing '{_settings.Share.Path}' with a virtual machine.");
        }
    }

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
