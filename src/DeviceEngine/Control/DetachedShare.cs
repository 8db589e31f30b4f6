using System.Diagnostics;
using System.Net.Sockets;
using VirtioFs.DeviceEngine.Observation;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>A share that a process of its own serves, as it was when it was asked.</summary>
public sealed class DetachedShare : IRunningShare
{
    private static readonly TimeSpan s_endPatience = TimeSpan.FromSeconds(20), s_silencePatience = TimeSpan.FromSeconds(20), s_pause = TimeSpan.FromMilliseconds(5);

    private readonly ShareRecord _record;
    private readonly string _control;
    private readonly uint _owner;
    private ControlAnswer? _status;
    private IOException? _silence;
    private long _silentAt;

    internal DetachedShare(int id, ShareRecord record, ShareOptions options, string control, uint owner) =>
        (Id, _record, Options, _control, _owner) = (id, record, options, control, owner);

    /// <inheritdoc/>
    public int Id { get; }

    /// <inheritdoc/>
    public int ProcessId => _record.ProcessId;

    /// <inheritdoc/>
    public bool IsDetached => true;

    /// <summary>Whether it is this user's; root sees those of others as well.</summary>
    public bool IsOwn => _owner == ProcessSession.EffectiveUserId;

    /// <inheritdoc/>
    public ShareOptions Options { get; }

    /// <inheritdoc/>
    public ShareState State => Status.State;

    /// <inheritdoc/>
    public string? FaultReason => Status.FaultReason;

    /// <inheritdoc/>
    public ShareGuest? Guest => Status.Guest;

    /// <inheritdoc/>
    public string Jail => Status.Jail;

    /// <inheritdoc/>
    public DateTimeOffset StartedAt => Status.StartedAt;

    /// <summary>Which domain the share was started for; null when it was started for none.</summary>
    public DomainNote? Domain => Status.Domain;

    /// <summary>Whether its process has ended.</summary>
    public bool HasEnded => !_record.IsAliveFor(_owner);

    // Asked for when it is needed: who looks for another share by its tag does not wait for one that does not answer.
    private ControlAnswer Status
    {
        get
        {
            try
            {
                return _status ??= Ask(new ControlRequest());
            }
            catch (IOException silent)
            {
                return _status = new ControlAnswer { State = ShareState.Faulted, FaultReason = silent.Message };
            }
        }
    }

    /// <summary>Asks what it is doing now. That of a process which has ended is stopped, or faulted where it was killed.</summary>
    /// <exception cref="IOException">The process does not answer.</exception>
    public void Refresh()
    {
        try
        {
            _status = Ask(new ControlRequest());
        }
        catch (IOException) when (HasEnded)
        {
            // Who ends in order takes the record away.
            bool wasKilled = File.Exists(_control + ControlFolder.RecordSuffix);
            string? reason = wasKilled ? $"Process {ProcessId}, which served the share '{Options.Tag}', was ended from outside." : null;
            _status = (_status ?? new ControlAnswer()) with { State = wasKilled ? ShareState.Faulted : ShareState.Stopped, FaultReason = reason, Guest = null };
        }
    }

    /// <summary>What it has counted.</summary>
    /// <exception cref="IOException">The process does not answer.</exception>
    public ShareCounts Count() => Ask(new ControlRequest { Command = ControlCommand.Count }).Counts ?? throw new IOException($"Process {ProcessId} does not tell what it has counted.");

    /// <summary>Follows the share's state.</summary>
    /// <exception cref="IOException">The process does not answer.</exception>
    public DetachedFeed Follow() => new(this, 0, null);

    /// <summary>Lets the process keep which domain the share was started for; null for none.</summary>
    /// <exception cref="IOException">The process does not answer.</exception>
    public void Remember(DomainNote? domain)
    {
        Ask(new ControlRequest { Command = ControlCommand.SetDomain, Domain = domain });
        _status = Status with { Domain = domain };
    }

    /// <summary>Stops the share, and waits for the end of its process.</summary>
    /// <exception cref="IOException">The process does not answer.</exception>
    public void Stop()
    {
        if (!HasEnded)
        {
            Ask(new ControlRequest { Command = ControlCommand.Stop }, untilEnd: true);
            AwaitEnd();
        }

        _status = Status with { State = ShareState.Stopped, Guest = null };
    }

    // The kernel closes a process's connections a moment before it counts as ended.
    private void AwaitEnd()
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (!HasEnded)
        {
            if (clock.Elapsed > s_endPatience)
            {
                throw new IOException($"Process {ProcessId} has stopped the share '{Options.Tag}', and has not ended {s_endPatience.TotalSeconds:0} seconds later.");
            }

            Thread.Sleep(s_pause);
        }
    }

    /// <inheritdoc/>
    public ShareSession? InspectSession(SessionParts parts = SessionParts.None) =>
        Ask(new ControlRequest { Command = ControlCommand.Session, Parts = (int)parts }).Session is { } session ? session with { ShareId = Id } : null;

    /// <inheritdoc/>
    public bool TryDisconnect(long session) => Ask(new ControlRequest { Command = ControlCommand.Disconnect, Session = session }).Done;

    /// <inheritdoc/>
    public bool TryCloseFile(ulong handle) => Ask(new ControlRequest { Command = ControlCommand.CloseFile, Handle = handle }).Done;

    internal Socket Connect() => ControlClient.Connect(_control, _owner, ProcessId);

    // One that was silent a moment ago is not waited for again, so that a cmdlet waits once for each.
    private ControlAnswer Ask(ControlRequest request, bool untilEnd = false)
    {
        if (_silence is { } former && Stopwatch.GetElapsedTime(_silentAt) < s_silencePatience)
        {
            throw new IOException(former.Message, former);
        }

        try
        {
            return ControlClient.Ask(_control, _owner, ProcessId, request, untilEnd);
        }
        catch (IOException silent) when (silent.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock })
        {
            (_silence, _silentAt) = (silent, Stopwatch.GetTimestamp());
            throw;
        }
    }
}
