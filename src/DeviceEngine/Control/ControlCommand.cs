namespace VirtioFs.DeviceEngine.Control;

/// <summary>What can be asked of a share over its control socket.</summary>
internal enum ControlCommand
{
    /// <summary>What the share is and does.</summary>
    Status,

    /// <summary>What the session of the connected front end is.</summary>
    Session,

    /// <summary>Ends a session.</summary>
    Disconnect,

    /// <summary>Closes an open file.</summary>
    CloseFile,

    /// <summary>What the share has counted.</summary>
    Count,

    /// <summary>Keeps the connection, on which <see cref="Take"/> asks from then on.</summary>
    Follow,

    /// <summary>What has happened since the last time; only on a connection that follows.</summary>
    Take,

    /// <summary>Keeps which domain the share was started for.</summary>
    SetDomain,

    /// <summary>Ends the share and its process; the connection ends with it.</summary>
    Stop,
}
