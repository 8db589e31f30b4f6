using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>The environment is the whole process's, so nothing else runs meanwhile.</summary>
[Collection(nameof(LibvirtLimitsTests))]
[CollectionDefinition(nameof(LibvirtLimitsTests), DisableParallelization = true)]
public sealed class LibvirtLimitsTests
{
    [Theory]
    [InlineData("2.5", 2.5)]
    [InlineData("", 30)]
    public void The_environment_sets_the_limits(string value, double seconds)
    {
        Environment.SetEnvironmentVariable(LibvirtLimits.Variable, value);
        try
        {
            LibvirtLimits limits = LibvirtLimits.FromEnvironment();
            Assert.Equal(TimeSpan.FromSeconds(seconds), limits.Open);
            Assert.Equal(TimeSpan.FromSeconds(seconds), limits.Read);
            Assert.Equal(TimeSpan.FromSeconds(seconds * 20), limits.Change);
        }
        finally
        {
            Environment.SetEnvironmentVariable(LibvirtLimits.Variable, null);
        }
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1e9")]
    public void A_limit_that_is_no_number_of_seconds_is_an_error_that_names_the_variable(string value)
    {
        Environment.SetEnvironmentVariable(LibvirtLimits.Variable, value);
        try
        {
            DomainRuleException exception = Assert.Throws<DomainRuleException>(LibvirtLimits.FromEnvironment);
            Assert.Equal("InvalidTimeout", exception.ErrorId);
            Assert.Contains(LibvirtLimits.Variable, exception.Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(LibvirtLimits.Variable, null);
        }
    }
}
