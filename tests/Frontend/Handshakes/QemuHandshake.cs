using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;

namespace VirtioFs.Frontend.Handshakes;

/// <summary>QEMU: features when it starts, everything else each time that the guest's driver is ready.</summary>
internal sealed class QemuHandshake : FrontEndHandshake
{
    // virtio_config.h: ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK.
    private const ulong FeaturesAccepted = 1 | 2 | 8, DriverReady = FeaturesAccepted | 4;

    private bool _regionsAdded;

    public override void Negotiate(VirtioFsGuest guest)
    {
        VhostUserConnection connection = guest.Connection;
        VirtioFeatures offered = connection.GetFeatures();
        if (offered.HasFlag(VirtioFeatures.VhostUserProtocol))
        {
            TakeProtocolFeatures(guest, ProtocolFeatures.Qemu);
            AskForQueues(guest);
            if (connection.Negotiated.HasFlag(ProtocolFeatures.ConfigureMemorySlots))
            {
                connection.GetMaxMemSlots();
            }

            OpenBackendChannel(guest);
        }

        connection.SetOwner();
        offered = connection.GetFeatures();
        guest.Features = offered & (guest.Options.Features | VirtioFeatures.VhostUserProtocol);
    }

    public override void Start(VirtioFsGuest guest)
    {
        VhostUserConnection connection = guest.Connection;
        connection.SetFeatures(guest.Features);
        SendMemory(guest);
        foreach (GuestQueue queue in guest.Queues)
        {
            connection.SetVringNum(queue.Index, queue.Size);
            connection.SetVringBase(queue.Index, queue.Base);
            connection.SetVringAddress(AddressOf(guest, queue));
            connection.SetVringKick(queue.Index, queue.KickDescriptor);
            connection.SetVringCall(queue.Index, queue.CallDescriptor);
        }

        if (guest.Features.HasFlag(VirtioFeatures.VhostUserProtocol))
        {
            EnableAll(guest, true);
        }

        if (connection.Negotiated.HasFlag(ProtocolFeatures.Status))
        {
            connection.SetStatus(connection.GetStatus() | FeaturesAccepted);
            connection.SetStatus(DriverReady);
        }
    }

    public override ushort[] Stop(VirtioFsGuest guest)
    {
        if (guest.Features.HasFlag(VirtioFeatures.VhostUserProtocol))
        {
            EnableAll(guest, false);
        }

        ushort[] bases = TakeBases(guest);
        if (guest.Connection.Negotiated.HasFlag(ProtocolFeatures.Status))
        {
            guest.Connection.SetStatus(0);
        }

        return bases;
    }

    // With memory slots QEMU sends what has changed since; without them all of it, each time.
    private void SendMemory(VirtioFsGuest guest)
    {
        if (!guest.Connection.Negotiated.HasFlag(ProtocolFeatures.ConfigureMemorySlots))
        {
            SendWholeMemory(guest);
            return;
        }

        if (_regionsAdded)
        {
            return;
        }

        _regionsAdded = true;
        foreach (GuestRegion region in guest.Memory.Regions)
        {
            guest.Connection.AddMemoryRegion(region.Description, region.Descriptor);
        }
    }
}
