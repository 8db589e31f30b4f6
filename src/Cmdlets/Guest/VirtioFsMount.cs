using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Guest;

namespace VirtioFs.Cmdlets;

/// <summary>How a guest mounts a share, in each way that guests know.</summary>
public sealed class VirtioFsMount
{
    internal VirtioFsMount(GuestMount mount)
    {
        Tag = mount.Tag;
        MountPoint = mount.MountPoint;
        Command = mount.Command;
        FstabLine = OrNull(() => mount.FstabLine);
        SystemdUnitName = OrNull(() => mount.SystemdUnitName);
        SystemdUnit = OrNull(() => mount.SystemdUnit);
        CloudInit = OrNull(() => mount.CloudInit);
        Ignition = OrNull(() => mount.Ignition);
    }

    /// <summary>The share's tag.</summary>
    public string Tag { get; }

    /// <summary>The path in the guest.</summary>
    public string MountPoint { get; }

    /// <summary>The command for the guest's shell, run as root.</summary>
    public string Command { get; }

    /// <summary>The line for /etc/fstab; null when its readers would not take the names as they are.</summary>
    public string? FstabLine { get; }

    /// <summary>The name that the systemd unit must have; null when systemd cannot carry the names.</summary>
    public string? SystemdUnitName { get; }

    /// <summary>The systemd unit; null when systemd cannot carry the names.</summary>
    public string? SystemdUnit { get; }

    /// <summary>cloud-init's user data; null when neither fstab nor systemd can carry the names.</summary>
    public string? CloudInit { get; }

    /// <summary>Ignition's configuration; null when systemd cannot carry the names.</summary>
    public string? Ignition { get; }

    /// <summary>The mount command.</summary>
    public override string ToString() => Command;

    private static string? OrNull(Func<string> text)
    {
        try
        {
            return text();
        }
        catch (DomainRuleException)
        {
            return null;
        }
    }
}
