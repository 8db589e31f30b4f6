namespace VirtioFs.Linux.Tests;

public sealed class ErrnoTests
{
    [Fact]
    public void Errors_are_named_and_described()
    {
        Assert.Equal("ENOENT", Errno.Name(Errno.ENOENT));
        Assert.Equal("errno 4000", Errno.Name(4000));
        Assert.Contains("(EACCES)", Errno.Describe(Errno.EACCES), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_call_says_what_was_attempted_and_why_it_failed()
    {
        LinuxException failure = Assert.Throws<LinuxException>(
            () => LinuxException.Check(Files.Open("/does/not/exist", OpenFlags.Path), "Opening '/does/not/exist' failed"));
        Assert.Equal(Errno.ENOENT, failure.Errno);
        Assert.StartsWith("Opening '/does/not/exist' failed: ", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", failure.Message, StringComparison.Ordinal);
    }
}
