using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;

namespace VirtioFs.Frontend.Handshakes;

/// <summary>Cloud Hypervisor: owner first, all of memory in one message, addresses before the base, calls before kicks.</summary>
internal sealed class CloudHypervisorHandshake : FrontEndHandshake
{
    public override void Negotiate(VirtioFsGuest guest)
    {
        VhostUserConnection connection = guest.Connection;
        connection.SetOwner();
        VirtioFeatures offered = connection.GetFeatures();
        guest.Features = offered & (guest.Options.Features | VirtioFeatures.VhostUserProtocol);
        if (offered.HasFlag(VirtioFeatures.VhostUserProtocol))
        {
            TakeProtocolFeatures(guest, ProtocolFeatures.CloudHypervisor);
            AskForQueues(guest);
        }
    }

    public override void Start(VirtioFsGuest guest)
    {
        VhostUserConnection connection = guest.Connection;
        connection.SetFeatures(guest.Features);
        SendWholeMemory(guest);
        foreach (GuestQueue queue in guest.Queues)
        {
            connection.SetVringNum(queue.Index, queue.Size);
            connection.SetVringAddress(AddressOf(guest, queue));
            connection.SetVringBase(queue.Index, queue.Base);
            connection.SetVringCall(queue.Index, queue.CallDescriptor);
            connection.SetVringKick(queue.Index, queue.KickDescriptor);
        }

        EnableAll(guest, true);
        if (guest.BackendRequestSocket < 0)
        {
            OpenBackendChannel(guest);
        }
    }

    public override ushort[] Stop(VirtioFsGuest guest)
    {
        EnableAll(guest, false);
        return TakeBases(guest);
    }
}
