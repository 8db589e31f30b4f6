using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine;

namespace VirtioFs.Daemon;

/// <summary>Serves one share until a signal ends it or it fails.</summary>
internal static class Foreground
{
    private static readonly PosixSignal[] EndingSignals = [PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP];

    internal static int Run(ShareOptions options)
    {
        var ended = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        PosixSignalRegistration[] registrations = [.. EndingSignals.Select(signal => PosixSignalRegistration.Create(signal, End))];
        try
        {
            var share = Share.Start(options);
            share.StateChanged += Report;
            Say($"sharing '{options.Path}' as '{options.Tag}' on '{options.SocketPath}'; waiting for a virtual machine.");
            if (share.State == ShareState.Faulted)
            {
                ended.TrySetResult(ExitCode.Failure);
            }

            int exitCode = ended.Task.GetAwaiter().GetResult();
            share.StateChanged -= Report;
            share.Stop();
            return exitCode;
        }
        catch (ArgumentException e)
        {
            Say(WithoutParameterName(e));
            return ExitCode.WrongCommandLine;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Say(e.Message);
            return ExitCode.Failure;
        }
        finally
        {
            Array.ForEach(registrations, registration => registration.Dispose());
        }

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            ended.TrySetResult(ExitCode.Success);
        }

        void Report(object? sender, ShareStateChangedEventArgs change)
        {
            Say(Describe(change));
            if (change.Current == ShareState.Faulted)
            {
                ended.TrySetResult(ExitCode.Failure);
            }
        }
    }

    private static string Describe(ShareStateChangedEventArgs change) => change.Current switch
    {
        ShareState.Connected => "a virtual machine is connected.",
        ShareState.Waiting => $"the virtual machine is gone; waiting for the next. {change.Reason}".TrimEnd(),
        ShareState.Faulted => $"the share failed. {change.Reason}".TrimEnd(),
        _ => "the share is stopped.",
    };

    // .NET ends the message with the name of its own parameter, which means nothing on a command line.
    private static string WithoutParameterName(ArgumentException e)
    {
        int end = e.Message.LastIndexOf(" (Parameter '", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }

    private static void Say(string sentence) => Console.Error.WriteLine($"vhost-user-fs: {sentence}");
}
