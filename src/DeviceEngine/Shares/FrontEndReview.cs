using VirtioFs.DeviceEngine.Device;
using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Queues;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>
/// Finds out whether a front end has given the device what it needs. A virtual machine whose memory is private hangs without a word, so
/// that is recognised here: QEMU starts the driver and sends no memory at all, or sends a file that it maps privately itself.
/// </summary>
internal sealed class FrontEndReview(VirtioFsDevice device, PeerCredentials peer, Action<string> noteReady, Action<string> noteTrouble)
{
    // virtio 1.2 §2.1: the driver has accepted features. QEMU sends its memory right after that.
    private const byte FeaturesOk = 8;
    private const int PatienceMilliseconds = 1000;

    private const string Remedy = "The memory must be shared: with QEMU, -object memory-backend-memfd,id=mem,size=…,share=on and -machine memory-backend=mem; "
        + "with libvirt, Set-VMMemoryBacking -Shared.";

    private bool _isDecided;
    private bool _isWarned;
    private long _waitingSince;

    /// <summary>Looks at the device. Answers in how many milliseconds it wants to look again; -1 for not before the next message.</summary>
    internal int Look()
    {
        if (_isDecided)
        {
            return -1;
        }

        if (device.Memory.Regions.Length > 0)
        {
            return LookAtRings();
        }

        if (_isWarned || device.Features == 0 || (device.Status & FeaturesOk) == 0)
        {
            return -1;
        }

        _waitingSince = _waitingSince == 0 ? Environment.TickCount64 : _waitingSince;
        int waited = (int)Math.Min(Environment.TickCount64 - _waitingSince, PatienceMilliseconds);
        if (waited < PatienceMilliseconds)
        {
            return PatienceMilliseconds - waited;
        }

        _isWarned = true;
        noteTrouble($"The front end has started the device without giving it the guest's memory, so the guest cannot use the share. {Remedy}");
        return -1;
    }

    private int LookAtRings()
    {
        foreach (VirtQueue queue in device.Queues)
        {
            if (queue.Setup.Size > 0 && queue.Setup.IsEnabled)
            {
                _isDecided = true;
                Judge();
                break;
            }
        }

        return -1;
    }

    private void Judge()
    {
        if (IsPrivate(Largest(device.Memory.Regions)))
        {
            noteTrouble($"The guest's memory is private to the virtual machine's process, so the guest cannot use the share. {Remedy}");
            return;
        }

        noteReady("a virtual machine is connected.");
    }

    private static MemoryRegion Largest(ReadOnlySpan<MemoryRegion> regions)
    {
        MemoryRegion largest = regions[0];
        foreach (ref readonly MemoryRegion region in regions)
        {
            largest = region.Size > largest.Size ? region : largest;
        }

        return largest;
    }

    /// <summary>Whether the front end maps the very file that it gave as MAP_PRIVATE. Where it may not be looked at, it is believed.</summary>
    private bool IsPrivate(in MemoryRegion region) =>
        peer.ProcessId > 0
        && ProcessMapping.Find(peer.ProcessId, region.UserAddress) is { IsPrivate: true } theirs
        && ProcessMapping.Find(Environment.ProcessId, (ulong)region.Address) is { } ours
        && ours.File == theirs.File;
}
