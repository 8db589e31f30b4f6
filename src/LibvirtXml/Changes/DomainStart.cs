using Microsoft.Win32.SafeHandles;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Files;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>Starts a domain, and says which share it lacks where libvirt would fail with words that name none.</summary>
public static class DomainStart
{
    private const uint GroupWrite = 0x10, OthersWrite = 0x2;

    /// <summary>Starts the guest.</summary>
    /// <param name="domain">The domain.</param>
    /// <exception cref="ShareUnavailableException">A device's socket is missing, nobody listens there, or QEMU may not connect.</exception>
    /// <exception cref="LibvirtException">libvirt or QEMU refuses.</exception>
    public static void Start(LibvirtDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        RequireShares(domain);
        try
        {
            domain.Start();
        }
        catch (LibvirtException failure) when (Explain(domain, failure) is ShareUnavailableException reason)
        {
            throw reason;
        }
    }

    private static void RequireShares(LibvirtDomain domain)
    {
        if (domain.Connection.IsLocal && Devices(domain).FirstOrDefault(device => !SocketListener.IsListening(device.SourceSocket!)) is FileSystem lacking)
        {
            throw new ShareUnavailableException(
                "ShareNotRunning",
                $"The domain '{domain.Name}' cannot start: its file system '{lacking.Tag}' needs a share on the socket '{lacking.SourceSocket}', where nobody listens.",
                domain.Name,
                lacking);
        }
    }

    /// <summary>Why libvirt could not start the domain, where a socket's group is the reason; null where it is not.</summary>
    private static ShareUnavailableException? Explain(LibvirtDomain domain, LibvirtException failure)
    {
        bool mayBeGroup = domain.Connection.IsLocal && failure.Message.Contains("Permission denied", StringComparison.OrdinalIgnoreCase);
        if (!mayBeGroup || new ShareAttachment(domain).QemuGroupId is not uint group)
        {
            return null;
        }

        return Devices(domain).FirstOrDefault(device => !MayConnect(device.SourceSocket!, group)) is not FileSystem closed ? null : new ShareUnavailableException(
            "ShareNotAccessible",
            $"The domain '{domain.Name}' cannot start: QEMU may not connect to the socket '{closed.SourceSocket}' of its file system '{closed.Tag}', whose group is not QEMU's.",
            domain.Name,
            closed);
    }

    private static IEnumerable<FileSystem> Devices(LibvirtDomain domain) =>
        domain.GetDefinition(inactive: domain.IsPersistent).FileSystems.Where(device => device.IsVirtioFs && device.SourceSocket is not null);

    // Connecting needs the right to write. QEMU's own user is nobody's but libvirt's, so only group and others can let it in.
    private static bool MayConnect(string socket, uint group)
    {
        using SafeFileHandle? file = FileCalls.Open(null, socket, FileCalls.OpenPath, 0, out _);
        if (file is null)
        {
            return true;
        }

        FileStatus status = FileStatus.Of(file);
        return (status.Mode & OthersWrite) != 0 || (status.GroupId == group && (status.Mode & GroupWrite) != 0) || status.UserId != FileCalls.EffectiveUser();
    }
}
