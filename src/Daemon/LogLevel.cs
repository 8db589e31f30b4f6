namespace VirtioFs.Daemon;

/// <summary>How much a line matters, from the least to the most that is written.</summary>
internal enum LogLevel
{
    /// <summary>Nothing is written.</summary>
    Off,

    /// <summary>Why the program cannot go on.</summary>
    Error,

    /// <summary>What is not as asked for, or went wrong though the share goes on.</summary>
    Warn,

    /// <summary>Who comes and goes.</summary>
    Info,

    /// <summary>What the share was started with.</summary>
    Debug,

    /// <summary>Each request of the virtual machine.</summary>
    Trace,
}
