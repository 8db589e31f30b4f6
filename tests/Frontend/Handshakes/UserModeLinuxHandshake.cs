using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;

namespace VirtioFs.Frontend.Handshakes;

/// <summary>User-Mode Linux: the tag comes through CONFIG, memory in a message with room for two regions, and rings are never stopped.</summary>
internal sealed class UserModeLinuxHandshake : FrontEndHandshake
{
    private const int RoomForRegions = 2;

    public override void Negotiate(VirtioFsGuest guest)
    {
        VhostUserConnection connection = guest.Connection;
        connection.SetOwner();
        VirtioFeatures offered = connection.GetFeatures();
        if (offered.HasFlag(VirtioFeatures.VhostUserProtocol))
        {
            TakeProtocolFeatures(guest, ProtocolFeatures.UserModeLinux);
            OpenBackendChannel(guest);
        }

        guest.Features = offered & (guest.Options.Features | VirtioFeatures.VhostUserProtocol);
        connection.SetFeatures(guest.Features);
        ReadTag(guest);
    }

    public override void Start(VirtioFsGuest guest)
    {
        VhostUserConnection connection = guest.Connection;
        int[] descriptors = [.. guest.Memory.Regions.Take(RoomForRegions).Select(region => region.Descriptor)];
        MemoryRegionDescription[] regions = [.. guest.Memory.Regions.Take(RoomForRegions).Select(region => region.Description)];
        connection.SetMemTable(regions, descriptors, RoomForRegions);
        foreach (GuestQueue queue in guest.Queues)
        {
            connection.SetVringCall(queue.Index, queue.CallDescriptor);
            connection.SetVringNum(queue.Index, queue.Size);
            connection.SetVringBase(queue.Index, 0);
            connection.SetVringAddress(AddressOf(guest, queue));
        }

        foreach (GuestQueue queue in guest.Queues)
        {
            connection.SetVringKick(queue.Index, queue.KickDescriptor);
            connection.SetVringEnable(queue.Index, true);
        }
    }

    public override ushort[] Stop(VirtioFsGuest guest)
    {
        foreach (GuestQueue queue in guest.Queues.Reverse())
        {
            guest.Connection.SetVringEnable(queue.Index, false);
        }

        // Asked only so that the messages before it have been handled.
        guest.Connection.GetFeatures();
        return [];
    }
}
