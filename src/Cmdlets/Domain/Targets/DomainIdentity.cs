namespace VirtioFs.Cmdlets;

/// <summary>What names one domain of libvirt. Each part is taken as it is, never as a wildcard; the UUID goes before the name.</summary>
/// <param name="Name">The name; null when the UUID alone is known.</param>
/// <param name="Uuid">The UUID; null when the name alone is known.</param>
/// <param name="Connection">The connection's URI; null when it is not known.</param>
internal sealed record DomainIdentity(string? Name, Guid? Uuid, string? Connection);
