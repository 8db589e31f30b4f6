namespace VirtioFs.DeviceEngine.Shares;

/// <summary>What a share is doing.</summary>
public enum ShareState
{
    /// <summary>The socket listens, and no front end is connected.</summary>
    Waiting,

    /// <summary>A front end is connected: a virtual machine has the device.</summary>
    Connected,

    /// <summary>The share was stopped.</summary>
    Stopped,

    /// <summary>The share cannot go on; <see cref="Share.FaultReason"/> says why.</summary>
    Faulted,
}
