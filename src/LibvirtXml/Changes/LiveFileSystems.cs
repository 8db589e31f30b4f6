using System.Diagnostics;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>Plugs virtio-fs devices into a running guest and takes them out again.</summary>
/// <param name="domain">The domain.</param>
public sealed class LiveFileSystems(LibvirtDomain domain)
{
    private static readonly TimeSpan UnplugLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UnplugPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether libvirt's driver can plug devices into a guest at all; its test driver has no devices.</summary>
    /// <exception cref="LibvirtException">libvirt reports an error.</exception>
    public bool CanPlug => !string.Equals(domain.Connection.HypervisorType, "TEST", StringComparison.OrdinalIgnoreCase);

    /// <summary>Throws when the guest does not run.</summary>
    /// <exception cref="DomainRuleException">It does not.</exception>
    public void RequireActive()
    {
        if (!domain.IsActive)
        {
            throw new DomainRuleException(
                "DomainNotRunning",
                $"The domain '{domain.Name}' is not running, so nothing can be plugged in or out.",
                ErrorKind.InvalidState);
        }
    }

    /// <summary>Makes every check that libvirt makes late or not at all: shared memory, unique tag, a socket that accepts.</summary>
    /// <param name="fileSystem">The device.</param>
    /// <exception cref="DomainRuleException">The guest could not take the device.</exception>
    public void RequirePluggable(FileSystem fileSystem)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        RequireActive();
        Domain running = domain.GetDefinition();
        running.MemoryBacking.TestShared().Require(
            $"The running domain '{domain.Name}' cannot take '{fileSystem.Tag}'",
            "The memory of a running guest cannot be changed: stop it, change it and start it again.");
        running.AddFileSystem(fileSystem);
        if (fileSystem.SourceSocket is string socket && domain.Connection.IsLocal)
        {
            SocketListener.Require(socket);
        }
    }

    /// <summary>Plugs a device into the running guest and, when libvirt keeps a definition, adds it there, in one step of libvirt's.</summary>
    /// <param name="fileSystem">The device.</param>
    /// <returns>What was changed: the running guest, or the definition too.</returns>
    /// <exception cref="DomainRuleException">The guest could not take the device.</exception>
    /// <exception cref="LibvirtException">libvirt refuses; the domain is as it was.</exception>
    public DeviceScope Plug(FileSystem fileSystem)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        using DomainLock held = DomainLock.Take(domain.Connection, domain.Uuid, domain.Name);
        RequirePluggable(fileSystem);
        DeviceScope scope = domain.IsPersistent ? DeviceScope.Live | DeviceScope.Config : DeviceScope.Live;
        domain.AttachDevice(fileSystem.ToXml(), scope);
        return scope;
    }

    /// <summary>
    /// Takes a device from the running guest and then, where it is, from the definition. When the second fails, the guest gets the device back.
    /// </summary>
    /// <param name="fileSystem">The device as the caller has seen it in the running guest.</param>
    /// <returns>What was changed: the running guest, or the definition too.</returns>
    /// <exception cref="DomainConflictException">The device is another one by now; nothing was changed.</exception>
    /// <exception cref="DomainRuleException">The guest does not run, or does not let the device go; the definition is as it was.</exception>
    /// <exception cref="LibvirtException">libvirt refuses; the domain is as it was.</exception>
    public DeviceScope Unplug(FileSystem fileSystem)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        using DomainLock held = DomainLock.Take(domain.Connection, domain.Uuid, domain.Name);
        RequireActive();
        if (!domain.GetDefinition().GetFileSystem(fileSystem.Tag!).Equals(fileSystem))
        {
            throw new DomainConflictException(domain.Name, domain.Connection.Uri);
        }

        FileSystem? stored = domain.IsPersistent
            ? domain.GetDefinition(inactive: true).FileSystems.FirstOrDefault(present => present.Tag == fileSystem.Tag)
            : null;
        UndoSteps undo = new();
        try
        {
            Detach(fileSystem);
            undo.Add($"'{fileSystem.Tag}' was unplugged", () => Unstoppable(guest => guest.AttachDevice(fileSystem.ToXml(), DeviceScope.Live)));
            if (stored is null)
            {
                return DeviceScope.Live;
            }

            domain.DetachDevice(stored.ToXml(), DeviceScope.Config);
        }
        catch (Exception failure)
        {
            undo.UndoAndThrow(failure);
        }

        return DeviceScope.Live | DeviceScope.Config;
    }

    /// <summary>Brings the running guest's devices in line with a definition, by their tags.</summary>
    /// <param name="wanted">The definition.</param>
    /// <param name="undo">Gets what takes each step back.</param>
    /// <returns>What was done.</returns>
    internal IReadOnlyList<Change> Align(Domain wanted, UndoSteps undo)
    {
        List<Change> done = [];
        FileSystem[] running = [.. domain.GetDefinition().FileSystems.Where(fileSystem => fileSystem.IsVirtioFs)];
        FileSystem[] next = [.. wanted.FileSystems.Where(fileSystem => fileSystem.IsVirtioFs)];
        foreach (FileSystem gone in running.Where(present => next.All(kept => kept.Tag != present.Tag)))
        {
            Detach(gone);
            undo.Add($"'{gone.Tag}' was unplugged", () => Unstoppable(guest => guest.AttachDevice(gone.ToXml(), DeviceScope.Live)));
            done.Add(new Change($"running file system '{gone.Tag}'", gone.ToString(), null));
        }

        foreach (FileSystem added in next.Where(fileSystem => running.All(present => present.Tag != fileSystem.Tag)))
        {
            RequirePluggable(added);
            domain.AttachDevice(added.ToXml(), DeviceScope.Live);
            undo.Add($"'{added.Tag}' was plugged in", () => Unstoppable(guest => guest.DetachDevice(added.ToXml(), DeviceScope.Live)));
            done.Add(new Change($"running file system '{added.Tag}'", null, added.ToString()));
        }

        return done;
    }

    /// <summary>Asks the guest for a device and waits until it has let it go.</summary>
    private void Detach(FileSystem fileSystem)
    {
        domain.DetachDevice(fileSystem.ToXml(), DeviceScope.Live);
        long start = Stopwatch.GetTimestamp();
        while (domain.GetDefinition().FileSystems.Any(present => present.Tag == fileSystem.Tag))
        {
            if (Stopwatch.GetElapsedTime(start) > UnplugLimit)
            {
                throw new DomainRuleException(
                    "GuestKeepsDevice",
                    $"The guest '{domain.Name}' was asked to let '{fileSystem.Tag}' go, but has not done so within {UnplugLimit.TotalSeconds} seconds. Unmount it in the " +
                    "guest and try again; the definition is as it was.",
                    ErrorKind.Timeout);
            }

            domain.Connection.Pause(UnplugPause);
        }
    }

    /// <summary>Undoing goes on when the user has stopped the change.</summary>
    private void Unstoppable(Action<LibvirtDomain> step)
    {
        using LibvirtDomain guest = domain.Connection.WithCancellation(CancellationToken.None).GetDomain(domain.Uuid);
        step(guest);
    }
}
