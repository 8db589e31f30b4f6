namespace VirtioFs.DeviceEngine.Control;

/// <summary>Which domain of libvirt a detached share was started for, as who started it has noted.</summary>
/// <param name="Name">The domain's name at that time.</param>
/// <param name="Connection">libvirt's connection URI.</param>
/// <param name="Uuid">The domain's UUID; null where it is not known.</param>
public sealed record DomainNote(string Name, string? Connection, Guid? Uuid);
