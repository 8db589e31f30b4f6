namespace VirtioFs.DeviceEngine;

/// <summary>Why a socket cannot be made at a path.</summary>
public enum SocketPathProblem
{
    /// <summary>Something lies there that is not a socket; it is never replaced.</summary>
    NotASocket,

    /// <summary>A socket lies there on which some program listens.</summary>
    InUse,
}
