using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>The connections of this process, of all its runspaces.</summary>
internal static class ConnectionCache
{
    private static readonly ConnectionPool Pool = new();

    /// <summary>A living connection; null for libvirt's default URI. The token ends the wait for it, and the calls that are made on it.</summary>
    internal static LibvirtConnection Get(string? uri, CancellationToken cancellation, bool readOnly = false) => Pool.Get(uri, readOnly, cancellation);

    internal static void CloseAll() => Pool.Dispose();
}
