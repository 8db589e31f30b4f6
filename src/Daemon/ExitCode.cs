namespace VirtioFs.Daemon;

/// <summary>What the exit status of the program means.</summary>
internal static class ExitCode
{
    /// <summary>The share was stopped by a signal, its one virtual machine has gone, or what was asked for was printed.</summary>
    internal const int Success = 0;

    /// <summary>The share could not be started, or failed later.</summary>
    internal const int Failure = 1;

    /// <summary>The command line is wrong.</summary>
    internal const int WrongCommandLine = 2;
}
