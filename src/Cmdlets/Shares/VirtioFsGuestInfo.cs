using System.Globalization;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Who is connected to a share: the monitor of a virtual machine, as it was at one moment.</summary>
public sealed class VirtioFsGuestInfo
{
    internal VirtioFsGuestInfo(ShareGuest guest)
    {
        ProcessId = guest.ProcessId;
        ProcessName = guest.ProcessName;
        Connected = guest.ConnectedAt;
        MemorySize = guest.MemorySize;
        Queues = guest.Queues.ToArray();
        MemoryWarning = guest.MemoryWarning;
    }

    /// <summary>The monitor's process; 0 when it lives in another pid namespace.</summary>
    public int ProcessId { get; }

    /// <summary>The name of that process, such as <c>qemu-system-x86</c>; null when it cannot be seen.</summary>
    public string? ProcessName { get; }

    /// <summary>When it connected.</summary>
    public DateTimeOffset Connected { get; }

    /// <summary>Guest memory that the device can see, in bytes.</summary>
    public ulong MemorySize { get; }

    /// <summary>The virtqueues that are set up.</summary>
    public IReadOnlyList<ShareGuestQueue> Queues { get; }

    /// <summary>What is to be known of guest memory that its owner can take away while the device uses it; null where nobody can.</summary>
    public string? MemoryWarning { get; }

    /// <summary>The process, as the default table shows it.</summary>
    public override string ToString() => $"{ProcessName ?? "?"} ({ProcessId.ToString(CultureInfo.InvariantCulture)})";
}
