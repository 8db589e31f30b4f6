namespace VirtioFs.Frontend;

/// <summary>The back end is gone, too late, or said something that its specification does not allow.</summary>
public sealed class BackEndException : Exception
{
    /// <summary>Says what the back end did.</summary>
    public BackEndException(string message) : base(message)
    {
    }
}
