namespace VirtioFs.Linux;

/// <summary>A system call failed outside of the request path, where an exception is the clearer answer.</summary>
public sealed class LinuxException : IOException
{
    /// <summary>Names what was attempted and why the kernel refused.</summary>
    /// <param name="attempt">What was attempted, as the beginning of a sentence: "Binding the socket '/run/x' failed".</param>
    /// <param name="errno">The positive error number.</param>
    public LinuxException(string attempt, int errno)
        : base($"{attempt}: {Linux.Errno.Describe(errno)}.", errno) => Errno = errno;

    /// <summary>The positive error number (see <see cref="Linux.Errno"/>).</summary>
    public int Errno { get; }

    /// <summary>Passes a result of zero or more through; throws for a negated error number.</summary>
    /// <param name="result">What a call of this room answered.</param>
    /// <param name="attempt">What was attempted, as the beginning of a sentence.</param>
    /// <exception cref="LinuxException">The result is negative.</exception>
    public static long Check(long result, string attempt) =>
        result >= 0 ? result : throw new LinuxException(attempt, (int)-result);
}
