namespace VirtioFs.Cmdlets;

/// <content>
/// What happens to the share, for Register-ObjectEvent. Events are raised on a thread of their own, and by no object that was written down and
/// read again.
/// </content>
public sealed partial class VirtioFsShareInfo
{
    /// <summary>A virtual machine has connected.</summary>
    public event EventHandler<VirtioFsShareEventArgs>? Connected
    {
        add => ShareEvents.Add(Id, ShareEventKind.Connected, value);
        remove => ShareEvents.Remove(Id, ShareEventKind.Connected, value);
    }

    /// <summary>The virtual machine that was connected has gone, or was sent away; the reason tells why.</summary>
    public event EventHandler<VirtioFsShareEventArgs>? Disconnected
    {
        add => ShareEvents.Add(Id, ShareEventKind.Disconnected, value);
        remove => ShareEvents.Remove(Id, ShareEventKind.Disconnected, value);
    }

    /// <summary>The share cannot go on.</summary>
    public event EventHandler<VirtioFsShareEventArgs>? Faulted
    {
        add => ShareEvents.Add(Id, ShareEventKind.Faulted, value);
        remove => ShareEvents.Remove(Id, ShareEventKind.Faulted, value);
    }
}
