using System.Globalization;

namespace VirtioFs.LibvirtXml.Connection;

/// <summary>
/// How long calls to libvirt may take. A call that takes longer ends with the error <c>LibvirtTimeout</c>; the daemon may carry out all
/// the same what it was asked for.
/// </summary>
public sealed record LibvirtLimits
{
    /// <summary>The environment variable with the seconds that opening and reading may take.</summary>
    public const string Variable = "VIRTIOFS_LIBVIRT_TIMEOUT";

    private const int DefaultSeconds = 30;

    // Starting a guest may mean to allocate all of its memory, or to read it from a disk.
    private const int ChangeFactor = 20;

    /// <summary>Opening a connection: 30 seconds.</summary>
    public TimeSpan Open { get; init; } = TimeSpan.FromSeconds(DefaultSeconds);

    /// <summary>A call that reads: 30 seconds.</summary>
    public TimeSpan Read { get; init; } = TimeSpan.FromSeconds(DefaultSeconds);

    /// <summary>A call that changes something: ten minutes.</summary>
    public TimeSpan Change { get; init; } = TimeSpan.FromSeconds(DefaultSeconds * ChangeFactor);

    /// <summary>The limits that <see cref="Variable"/> asks for: its seconds, and twenty times that for changes; else the defaults.</summary>
    /// <returns>The limits.</returns>
    /// <exception cref="DomainRuleException">The variable's value is not a number of seconds.</exception>
    public static LibvirtLimits FromEnvironment()
    {
        string? text = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrWhiteSpace(text))
        {
            return new LibvirtLimits();
        }

        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) || seconds is not (> 0 and <= 86400))
        {
            throw new DomainRuleException(
                "InvalidTimeout",
                $"The environment variable {Variable} is '{text}', which is not a number of seconds from 1 to 86400. Correct it, or remove it for {DefaultSeconds} seconds.");
        }

        TimeSpan limit = TimeSpan.FromSeconds(seconds);
        return new LibvirtLimits { Open = limit, Read = limit, Change = limit * ChangeFactor };
    }
}
