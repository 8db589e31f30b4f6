namespace VirtioFs.Linux;

/// <summary>What the result of a step means for the rest.</summary>
[Flags]
internal enum RawStepRule
{
    /// <summary>A failure ends the process.</summary>
    Required = 0,

    /// <summary>A failure means nothing.</summary>
    Optional = 1,

    /// <summary>Zero is a failure too: the other end of a pipe has gone.</summary>
    Positive = 2,

    /// <summary>The result is kept for a later step.</summary>
    Keeps = 4,

    /// <summary>The first argument is the kept result.</summary>
    TakesFirst = 8,
}
