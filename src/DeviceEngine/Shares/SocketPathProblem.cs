namespace VirtioFs.DeviceEngine.Shares;

/// <summary>Why a socket cannot be made at a path.</summary>
public enum SocketPathProblem
{
    /// <summary>Something lies there that is not a socket; it is never replaced.</summary>
    NotASocket,

    /// <summary>A socket lies there that some program has bound, or that took the place of a stale one just now.</summary>
    InUse,

    /// <summary>A socket lies there that nobody has bound any more, and that another user has made.</summary>
    NotOurs,
}
