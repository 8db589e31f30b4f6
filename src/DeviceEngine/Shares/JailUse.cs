namespace VirtioFs.DeviceEngine.Shares;

/// <summary>Whether the threads that answer a guest are confined. The rest of the process never is.</summary>
public enum JailUse
{
    /// <summary>
    /// By what the kernel allows and what disturbs no guest; the rest is left out, and the share says so. Landlock is left out where files are
    /// opened by handles.
    /// </summary>
    Available,

    /// <summary>By all layers, or the share does not start.</summary>
    Required,

    /// <summary>By none.</summary>
    None,
}
