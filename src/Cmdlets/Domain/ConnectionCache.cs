using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>The connections of this process, of all its runspaces.</summary>
internal static class ConnectionCache
{
    private static readonly ConnectionPool Pool = new();

    /// <summary>A living connection; null for libvirt's default URI. The token ends the wait for it, and the calls that are made on it.</summary>
    internal static LibvirtConnection Get(string? uri, CancellationToken cancellation, bool readOnly = false) =>
        Pool.Get(uri ?? DefaultUri, readOnly, cancellation);

    // libvirt asks getenv(3), which does not see what the session has set.
    private static string? DefaultUri => Environment.GetEnvironmentVariable("LIBVIRT_DEFAULT_URI") is { Length: > 0 } uri ? uri : null;

    internal static void CloseAll() => Pool.Dispose();
}
