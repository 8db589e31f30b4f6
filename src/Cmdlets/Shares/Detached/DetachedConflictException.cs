namespace VirtioFs.Cmdlets;

/// <summary>Another share has the tag or the socket that a share is to be started with.</summary>
internal sealed class DetachedConflictException : InvalidOperationException
{
    internal DetachedConflictException(string message, int? existingShareId) : base(message) => ExistingShareId = existingShareId;

    /// <summary>That share; null where it is not known.</summary>
    internal int? ExistingShareId { get; }
}
