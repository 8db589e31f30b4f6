namespace VirtioFs.DeviceEngine.Shares;

/// <summary>Something happened to a share that does not change its state.</summary>
/// <param name="kind">What it is.</param>
/// <param name="text">What happened, as a sentence.</param>
public sealed class ShareNoteEventArgs(ShareNoteKind kind, string text) : EventArgs
{
    /// <summary>What it is.</summary>
    public ShareNoteKind Kind { get; } = kind;

    /// <summary>What happened, as a sentence.</summary>
    public string Text { get; } = text;
}
