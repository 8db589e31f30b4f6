namespace VirtioFs.DeviceEngine.Shares;

/// <summary>A share was to be confined by all layers of the jail, and one of them cannot be had.</summary>
/// <param name="message">Which, and why.</param>
public sealed class JailException(string message) : IOException(message);
