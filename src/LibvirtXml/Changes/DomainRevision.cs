using System.Security.Cryptography;
using System.Text;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>
/// Which domain of libvirt an object was read from, and what libvirt had at that time, so that a change which is made later can tell
/// whether somebody else has changed the domain in between.
/// </summary>
/// <param name="Connection">The connection's URI.</param>
/// <param name="Uuid">The domain's UUID.</param>
/// <param name="Name">The name that it had.</param>
/// <param name="IsRunning">Whether the guest ran.</param>
/// <param name="IsPersistent">Whether libvirt had a stored definition.</param>
/// <param name="IsSecure">Whether passwords were part of what was read.</param>
/// <param name="Stored">A digest of the stored definition; null when there was none.</param>
/// <param name="Devices">A digest of the running guest's file systems; null when it did not run.</param>
public sealed record DomainRevision(
    string Connection, Guid Uuid, string Name, bool IsRunning, bool IsPersistent, bool IsSecure, string? Stored, string? Devices)
{
    /// <summary>Reads what libvirt has now.</summary>
    /// <param name="domain">The domain.</param>
    /// <returns>The revision.</returns>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public static DomainRevision Read(LibvirtDomain domain) => DomainReading.Read(domain).Revision;

    /// <summary>Throws when libvirt has something else by now.</summary>
    /// <param name="domain">The domain.</param>
    /// <exception cref="DomainConflictException">Somebody has changed it.</exception>
    /// <exception cref="LibvirtException">The domain is gone, or libvirt reports an error.</exception>
    public void RequireCurrent(LibvirtDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        DomainRevision now = DomainReading.Read(domain, IsSecure).Revision;
        bool isSame = now.IsPersistent == IsPersistent && now.Stored == Stored && (now.Devices == Devices || !now.IsRunning || !IsRunning);
        if (!isSame)
        {
            throw new DomainConflictException(Name, Connection);
        }
    }

    /// <summary>
    /// Throws when libvirt has something else by now, or had it when its stored definition was read for a change: what is held against
    /// the revision must be the very text that the change is made on.
    /// </summary>
    internal void RequireCurrent(LibvirtDomain domain, Domain stored)
    {
        if (IsSecure && Digest(stored.Xml) != Stored)
        {
            throw new DomainConflictException(Name, Connection);
        }

        RequireCurrent(domain);
    }

    /// <summary>The digest of a text, which is not to be read back: it may have passwords in it.</summary>
    internal static string Digest(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
