using VirtioFs.LibvirtXml.Guest;

namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>Arguments for a virtual machine monitor.</summary>
/// <param name="Arguments">The arguments one by one, to be passed without a shell.</param>
/// <param name="Warnings">What could not be said, and what to know.</param>
public sealed record VmmArguments(IReadOnlyList<string> Arguments, IReadOnlyList<Advice> Warnings)
{
    /// <summary>The arguments as a POSIX shell takes them.</summary>
    public string CommandLine => ShellText.Join(Arguments);

    /// <summary>The arguments as a POSIX shell takes them.</summary>
    /// <returns>The line.</returns>
    public override string ToString() => CommandLine;
}
