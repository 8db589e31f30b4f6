using System.Net.Sockets;
using VirtioFs.DeviceEngine.Observation;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>Follows a detached share over a connection that stays open.</summary>
public sealed class DetachedFeed : IShareWatch
{
    private readonly DetachedShare _share;
    private readonly Socket _socket;
    private ControlAnswer _last;

    internal DetachedFeed(DetachedShare share, int capacity, IReadOnlyCollection<FuseOpcode>? wanted)
    {
        _share = share;
        ControlRequest request = new() { Command = ControlCommand.Follow, Capacity = capacity, Operations = wanted is null ? null : [.. wanted.Select(opcode => (int)opcode)] };
        _socket = share.Connect();
        try
        {
            _last = ControlClient.Exchange(_socket, share.ProcessId, request);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long Dropped => _last.Dropped;

    /// <inheritdoc/>
    public bool IsOver { get; private set; }

    /// <summary>What the share was doing when it was asked last.</summary>
    public ShareState State => _last.State;

    /// <inheritdoc/>
    public IReadOnlyList<ObservedOperation> Take()
    {
        Ask(0);
        return IsOver ? [] : _last.Operations;
    }

    /// <summary>Waits for a change of the share's state, and answers those that there were since it was asked last.</summary>
    /// <param name="limit">How long to wait at most.</param>
    /// <exception cref="IOException">The process does not answer.</exception>
    public IReadOnlyList<ShareChange> TakeChanges(TimeSpan limit)
    {
        Ask((int)limit.TotalMilliseconds);
        return IsOver ? [] : _last.Changes;
    }

    /// <summary>Ends it.</summary>
    public void Dispose() => _socket.Dispose();

    private void Ask(int wait)
    {
        if (IsOver)
        {
            return;
        }

        try
        {
            _last = ControlClient.Exchange(_socket, _share.ProcessId, new ControlRequest { Command = ControlCommand.Take, Wait = wait }, wait);
            IsOver = _last.State == ShareState.Stopped;
        }
        catch (IOException) when (_share.HasEnded)
        {
            IsOver = true;
        }
    }
}
