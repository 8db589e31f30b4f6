namespace VirtioFs.DeviceEngine.Shares;

/// <summary>Another share of this process already has the socket or the tag.</summary>
public sealed class ShareConflictException : InvalidOperationException
{
    internal ShareConflictException(string message, int existingShareId) : base(message) => ExistingShareId = existingShareId;

    /// <summary>The <see cref="Share.Id"/> of the share that has it.</summary>
    public int ExistingShareId { get; }
}
