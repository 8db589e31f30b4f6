namespace VirtioFs.Fuse;

/// <summary>Results of <c>IFileSystem</c> beside zero, lengths and negated error numbers.</summary>
public static class FileSystemResult
{
    /// <summary>Nothing was done, since it would block for longer than <c>RequestContext.Patience</c> allows.</summary>
    public const int WouldBlock = int.MinValue;

    /// <summary>Nothing was done, since it would wait for somebody else without limit.</summary>
    public const int WouldWait = int.MinValue + 1;

    /// <summary>As <see cref="WouldWait"/>, for what <c>IFileSystem.WaitersMayProceed</c> is raised for when it goes.</summary>
    public const int WouldWaitForRelease = int.MinValue + 2;
}
