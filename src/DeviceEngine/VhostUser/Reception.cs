namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>How waiting for a message ended.</summary>
internal enum Reception
{
    /// <summary>A whole message came.</summary>
    Received,

    /// <summary>The front end closed the connection between two messages.</summary>
    Closed,

    /// <summary>The share is to stop.</summary>
    Interrupted,

    /// <summary>What came is no message.</summary>
    Broken,
}
