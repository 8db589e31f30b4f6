using Mono.Unix;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Whether the shares that a domain needs are there, before libvirt fails to start it with words that name none.</summary>
internal static class DomainSockets
{
    /// <summary>Checks each file system whose daemon libvirt does not start itself.</summary>
    /// <exception cref="DomainRuleException">A socket is missing, nobody listens there, or QEMU may not connect; the message names the share.</exception>
    internal static void Require(LibvirtDomain domain)
    {
        if (!domain.Connection.IsLocal)
        {
            return;
        }

        foreach (LibvirtXml.FileSystem device in Devices(domain).Where(device => !SocketListener.IsListening(device.SourceSocket!)))
        {
            throw new DomainRuleException(
                "ShareNotRunning",
                $"The domain '{domain.Name}' cannot start: its file system '{device.Tag}' needs a share on the socket '{device.SourceSocket}', where nobody listens. " +
                $"Start the share with: {Remedy(domain, device)}");
        }
    }

    /// <summary>Why libvirt could not start the domain, where a socket's group is the reason; null where it is not.</summary>
    internal static DomainRuleException? Explain(LibvirtDomain domain, LibvirtException failure)
    {
        if (!domain.Connection.IsLocal || !failure.Message.Contains("Permission denied", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        uint? group = new ShareAttachment(domain).QemuGroupId;
        LibvirtXml.FileSystem? closed = Devices(domain).FirstOrDefault(device => group is not null && !MayConnect(device.SourceSocket!, group.Value));
        return closed is null ? null : new DomainRuleException(
            "ShareNotAccessible",
            $"The domain '{domain.Name}' cannot start: QEMU may not connect to the socket '{closed.SourceSocket}' of its file system '{closed.Tag}', whose group is not QEMU's. " +
            $"Stop that share, and start it with: {Remedy(domain, closed)}");
    }

    private static IEnumerable<LibvirtXml.FileSystem> Devices(LibvirtDomain domain) =>
        domain.GetDefinition(inactive: domain.IsPersistent).FileSystems.Where(device => device.IsVirtioFs && device.SourceSocket is not null);

    private static string Remedy(LibvirtDomain domain, LibvirtXml.FileSystem device) =>
        $"Start-VirtioFsShare -Path <directory> -Tag '{device.Tag}' -Domain '{domain.Name}'.";

    // Connecting needs the right to write. QEMU's own user is nobody's but libvirt's, so only group and others can let it in.
    private static bool MayConnect(string socket, uint group)
    {
        if (!Path.Exists(socket))
        {
            return true;
        }

        UnixFileSystemInfo file = UnixFileSystemInfo.GetFileSystemEntry(socket);
        return file.FileAccessPermissions.HasFlag(FileAccessPermissions.OtherWrite)
            || (file.OwnerGroupId == group && file.FileAccessPermissions.HasFlag(FileAccessPermissions.GroupWrite))
            || file.OwnerUserId != UnixEnvironment.EffectiveUserId;
    }
}
