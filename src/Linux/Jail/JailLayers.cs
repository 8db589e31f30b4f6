namespace VirtioFs.Linux;

/// <summary>What confines a thread that answers a guest.</summary>
[Flags]
public enum JailLayers
{
    /// <summary>Nothing beyond the checks of the engine itself.</summary>
    None = 0,

    /// <summary>Files are opened, made, removed and renamed below the shared directory only (<c>landlock(7)</c>).</summary>
    Landlock = 1,

    /// <summary>System calls that answering a guest does not need are refused (<c>seccomp(2)</c>).</summary>
    Seccomp = 2,

    /// <summary>Capabilities that the share does not need are given up for good (<c>capabilities(7)</c>).</summary>
    Capabilities = 4,

    /// <summary>Nothing that the thread could execute gives it more rights (<c>PR_SET_NO_NEW_PRIVS</c>).</summary>
    NoNewPrivileges = 8,

    /// <summary>All of them.</summary>
    All = Landlock | Seccomp | Capabilities | NoNewPrivileges,
}
