using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Plugs virtio-fs devices into a running guest and takes them out again.</summary>
internal static class LiveFileSystems
{
    private static readonly TimeSpan UnplugLimit = TimeSpan.FromSeconds(30);

    /// <summary>Makes every check that libvirt makes late or not at all: shared memory, unique tag, a socket that accepts.</summary>
    internal static void RequirePluggable(LibvirtDomain domain, LibvirtXml.FileSystem fileSystem)
    {
        RequireActive(domain);
        Domain running = domain.GetDefinition();
        SharedMemoryResult memory = running.MemoryBacking.TestShared();
        if (!memory.IsShared)
        {
            throw new DomainRuleException(
                "SharedMemoryRequired",
                $"The running domain '{domain.Name}' cannot take '{fileSystem.Tag}': {memory.Message} The memory of a running guest cannot be changed: stop it, " +
                "change it and start it again.");
        }

        running.AddFileSystem(fileSystem);
        if (fileSystem.SourceSocket is string socket && domain.Connection.IsLocal)
        {
            SocketListener.Require(socket);
        }
    }

    internal static void RequireActive(LibvirtDomain domain)
    {
        if (!domain.IsActive)
        {
            throw new DomainRuleException(
                "DomainNotRunning",
                $"The domain '{domain.Name}' is not running, so nothing can be plugged in or out. Leave -Live out, or start it with Start-VMDomain.");
        }
    }

    /// <summary>Whether the driver can plug devices into a guest at all; libvirt's test driver has no devices.</summary>
    internal static bool CanPlug(LibvirtDomain domain) => !string.Equals(domain.Connection.HypervisorType, "TEST", StringComparison.OrdinalIgnoreCase);

    /// <summary>The running guest's part of a change, and the definition's if libvirt keeps one, in one step of libvirt's.</summary>
    internal static DeviceScope ScopeOf(LibvirtDomain domain) =>
        domain.IsPersistent ? DeviceScope.Live | DeviceScope.Config : DeviceScope.Live;

    /// <summary>Takes a device from the running guest and then from the definition; when the second fails, the guest gets it back.</summary>
    internal static void Remove(LibvirtDomain domain, LibvirtXml.FileSystem fileSystem, bool fromDefinition, CancellationToken cancellation)
    {
        Unplug(domain, fileSystem, cancellation);
        if (!fromDefinition)
        {
            return;
        }

        try
        {
            domain.DetachDevice(fileSystem.ToXml(), DeviceScope.Config);
        }
        catch
        {
            domain.AttachDevice(fileSystem.ToXml(), DeviceScope.Live);
            throw;
        }
    }

    /// <summary>Unplugs a device from the running guest and waits until the guest has let it go.</summary>
    private static void Unplug(LibvirtDomain domain, LibvirtXml.FileSystem fileSystem, CancellationToken cancellation)
    {
        domain.DetachDevice(fileSystem.ToXml(), DeviceScope.Live);
        DateTime limit = DateTime.UtcNow + UnplugLimit;
        while (domain.GetDefinition().FileSystems.Any(present => present.Tag == fileSystem.Tag))
        {
            if (DateTime.UtcNow > limit || cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(100)))
            {
                throw new DomainRuleException(
                    "GuestKeepsDevice",
                    $"The guest '{domain.Name}' was asked to let '{fileSystem.Tag}' go, but has not done so within {UnplugLimit.TotalSeconds} seconds. Unmount it in the " +
                    "guest and try again; the definition is as it was.");
            }
        }
    }

    /// <summary>Brings the running guest's file systems in line with a definition; what was done is undone when a step fails.</summary>
    internal static void Align(LibvirtDomain domain, Domain wanted, CancellationToken cancellation)
    {
        LibvirtXml.FileSystem[] running = [.. domain.GetDefinition().FileSystems.Where(fileSystem => fileSystem.IsVirtioFs)];
        LibvirtXml.FileSystem[] next = [.. wanted.FileSystems.Where(fileSystem => fileSystem.IsVirtioFs)];
        Stack<Action> undo = new();
        try
        {
            foreach (LibvirtXml.FileSystem gone in running.Where(present => next.All(kept => kept.Tag != present.Tag)))
            {
                Unplug(domain, gone, cancellation);
                undo.Push(() => domain.AttachDevice(gone.ToXml(), DeviceScope.Live));
            }

            foreach (LibvirtXml.FileSystem added in next.Where(fileSystem => running.All(present => present.Tag != fileSystem.Tag)))
            {
                RequirePluggable(domain, added);
                domain.AttachDevice(added.ToXml(), DeviceScope.Live);
                undo.Push(() => domain.DetachDevice(added.ToXml(), DeviceScope.Live));
            }
        }
        catch
        {
            while (undo.TryPop(out Action? step))
            {
                step();
            }

            throw;
        }
    }
}
