using System.Diagnostics;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>A share that a process of its own serves, as it was when it was asked.</summary>
public sealed class DetachedShare : IRunningShare
{
    private static readonly TimeSpan s_endPatience = TimeSpan.FromSeconds(20), s_pause = TimeSpan.FromMilliseconds(5);

    private readonly ShareRecord _record;
    private readonly string _control;
    private readonly uint _owner;
    private ControlAnswer _status;

    internal DetachedShare(int id, ShareRecord record, ShareOptions options, string control, uint owner)
    {
        (Id, _record, Options, _control, _owner) = (id, record, options, control, owner);
        try
        {
            _status = Ask(new ControlRequest());
        }
        catch (IOException silent)
        {
            _status = new ControlAnswer { State = ShareState.Faulted, FaultReason = silent.Message };
        }
    }

    /// <inheritdoc/>
    public int Id { get; }

    /// <inheritdoc/>
    public int ProcessId => _record.ProcessId;

    /// <inheritdoc/>
    public bool IsDetached => true;

    /// <inheritdoc/>
    public ShareOptions Options { get; }

    /// <inheritdoc/>
    public ShareState State => _status.State;

    /// <inheritdoc/>
    public string? FaultReason => _status.FaultReason;

    /// <inheritdoc/>
    public ShareGuest? Guest => _status.Guest;

    /// <inheritdoc/>
    public string Jail => _status.Jail;

    /// <inheritdoc/>
    public DateTimeOffset StartedAt => _status.StartedAt;

    /// <summary>Stops the share, and waits for the end of its process.</summary>
    /// <exception cref="IOException">The process does not answer.</exception>
    public void Stop()
    {
        if (_record.IsAlive)
        {
            Ask(new ControlRequest { Command = ControlCommand.Stop }, untilEnd: true);
            AwaitEnd();
        }

        _status = _status with { State = ShareState.Stopped, Guest = null };
    }

    // The kernel closes a process's connections a moment before it counts as ended.
    private void AwaitEnd()
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (_record.IsAlive)
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

    private ControlAnswer Ask(ControlRequest request, bool untilEnd = false) => ControlClient.Ask(_control, _owner, ProcessId, request, untilEnd);
}
