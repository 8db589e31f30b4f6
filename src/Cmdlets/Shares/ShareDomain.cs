namespace VirtioFs.Cmdlets;

/// <summary>The domain that a share was started for.</summary>
/// <param name="Name">The domain's name.</param>
/// <param name="Connection">libvirt's URI; null for libvirt's default.</param>
internal sealed record ShareDomain(string Name, string? Connection);
