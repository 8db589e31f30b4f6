namespace VirtioFs.Frontend.Rings;

/// <summary>How a driver learns that requests are done.</summary>
public enum CompletionWait
{
    /// <summary>It reads the used ring again and again, and tells the back end not to call.</summary>
    Poll,

    /// <summary>It asks to be called and sleeps until then, as a real guest does.</summary>
    Sleep,
}
