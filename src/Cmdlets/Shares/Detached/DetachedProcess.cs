using System.Diagnostics;
using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Starts the process of a detached share: vhost-user-fs, which leads a session of its own.</summary>
internal static class DetachedProcess
{
    private const int WrongCommandLine = 2;
    private const string Prefix = "vhost-user-fs: ";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly string[] s_foreign = ["NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "JOURNAL_STREAM"];

    private static readonly string s_program =
        Path.Combine(Path.GetDirectoryName(typeof(DetachedProcess).Assembly.Location)!, "bin", "vhost-user-fs");

    /// <summary>Starts it, and waits until it serves.</summary>
    /// <exception cref="IOException">It does not; the message is what it said.</exception>
    /// <exception cref="ArgumentException">An option is invalid; the message is what it said.</exception>
    /// <exception cref="DetachedConflictException">Another detached share has the tag or the socket.</exception>
    /// <exception cref="OperationCanceledException">The user has stopped it; the process ends.</exception>
    internal static DetachedShare Start(ShareOptions options, CancellationToken cancellation)
    {
        string folder = ControlFolder.Path
            ?? throw new IOException("There is no folder for detached shares, because XDG_RUNTIME_DIR is not set in this session.");
        RequireFree(options, RunningShares.ListOwn());
        DefaultSocket.EnsureParent(folder);
        ControlFolder.Ensure(folder);
        using Process process = Process.Start(CommandLine(options, ControlFolder.SocketFor(folder, options.Tag)))!;
        process.StandardInput.Close();
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_patience);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            if (process.StandardOutput.ReadLineAsync(limit.Token).AsTask().GetAwaiter().GetResult() is not null)
            {
                return DetachedShares.List().FirstOrDefault(share => share.IsOwn && share.ProcessId == process.Id)
                    ?? throw new IOException($"Process {process.Id} ended as soon as it served '{options.Path}'.");
            }

            process.WaitForExit();
            throw Describe(options, process.ExitCode, errors.GetAwaiter().GetResult());
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            cancellation.ThrowIfCancellationRequested();
            throw new IOException($"'{s_program}' has not begun to serve '{options.Path}' within {s_patience.TotalSeconds:0} seconds, and was ended.");
        }
    }

    /// <summary>The user's detached share that serves the very same with the same options already, for no other domain; null when there is none.</summary>
    internal static DetachedShare? FindSame(ShareOptions options, DomainShare guest) => DetachedShares.List().FirstOrDefault(share =>
        share.IsOwn && DetachedShares.AreSame(share.Options, options) && share.State is ShareState.Waiting or ShareState.Connected && guest.MayHave(share));

    /// <summary>Refuses a tag or a socket that a detached share has.</summary>
    /// <exception cref="DetachedConflictException">One has it.</exception>
    internal static void RequireFree(ShareOptions options, IEnumerable<IRunningShare> others)
    {
        foreach (IRunningShare other in others)
        {
            bool hasTag = other.Options.OffersTag && other.Options.Tag == options.Tag;
            if (hasTag || other.Options.SocketPath == options.SocketPath)
            {
                throw new DetachedConflictException(
                    $"Share {other.Id} of '{other.Options.Path}' already has {(hasTag ? $"the tag '{options.Tag}'" : $"the socket '{options.SocketPath}'")}.", other.Id);
            }
        }
    }

    private static ProcessStartInfo CommandLine(ShareOptions options, string control)
    {
        ProcessStartInfo start = new(s_program, DetachedShares.CommandLine(options, control))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (string name in s_foreign)
        {
            start.Environment.Remove(name);
        }

        return start;
    }

    // Of two that start at once, one finds the other's lock. The other may serve only a moment later.
    private static Exception Describe(ShareOptions options, int exitCode, string errors)
    {
        string sentence = string.Join(' ', errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.StartsWith(Prefix, StringComparison.Ordinal) ? line[Prefix.Length..] : line));
        if (exitCode == WrongCommandLine)
        {
            return new ArgumentException(sentence);
        }

        return sentence.Contains("already listening", StringComparison.Ordinal)
            ? new DetachedConflictException($"Another detached share has the tag '{options.Tag}' or the socket '{options.SocketPath}', or is being started with it.", null)
            : new IOException(sentence.Length > 0 ? sentence : $"'{s_program}' ended with {exitCode} and said nothing.");
    }
}
