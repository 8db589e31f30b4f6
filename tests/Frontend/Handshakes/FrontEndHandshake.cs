using System.Text;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Linux;

namespace VirtioFs.Frontend.Handshakes;

/// <summary>The order in which one front end sends its messages, and the single messages that all share.</summary>
internal abstract class FrontEndHandshake
{
    protected const ulong NoLog = ulong.MaxValue;

    public static FrontEndHandshake For(FrontEndKind kind) => kind switch
    {
        FrontEndKind.Qemu => new QemuHandshake(),
        FrontEndKind.CloudHypervisor => new CloudHypervisorHandshake(),
        FrontEndKind.UserModeLinux => new UserModeLinuxHandshake(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>From the connection to the features that both sides take.</summary>
    public abstract void Negotiate(VirtioFsGuest guest);

    /// <summary>From the memory table to running rings.</summary>
    public abstract void Start(VirtioFsGuest guest);

    /// <summary>Stops the rings.</summary>
    public abstract ushort[] Stop(VirtioFsGuest guest);

    protected static void TakeProtocolFeatures(VirtioFsGuest guest, ProtocolFeatures wanted)
    {
        ProtocolFeatures offered = guest.Connection.GetProtocolFeatures();
        guest.Connection.SetProtocolFeatures(offered & (guest.Options.ProtocolFeatures ?? wanted));
    }

    protected static void AskForQueues(VirtioFsGuest guest)
    {
        if (!guest.Connection.Negotiated.HasFlag(ProtocolFeatures.MultipleQueues))
        {
            return;
        }

        guest.OfferedQueues = guest.Connection.GetQueueNum();
        if (guest.OfferedQueues < (ulong)(1 + guest.Options.RequestQueues))
        {
            throw new BackEndException(
                $"The back end has {guest.OfferedQueues} queues; {1 + guest.Options.RequestQueues} are wanted, the high-priority one included.");
        }
    }

    protected static void OpenBackendChannel(VirtioFsGuest guest)
    {
        if (!guest.Connection.Negotiated.HasFlag(ProtocolFeatures.BackendRequests))
        {
            return;
        }

        LinuxException.Check(UnixSocket.CreatePair(out int ours, out int theirs), "Making the back end's channel failed");
        guest.BackendRequestSocket = ours;
        try
        {
            guest.Connection.SetBackendRequestSocket(theirs);
        }
        finally
        {
            FileDescriptor.Close(theirs);
        }
    }

    protected static void ReadTag(VirtioFsGuest guest)
    {
        const int TagBytes = 36, ConfigurationBytes = 40;
        if (guest.Connection.Negotiated.HasFlag(ProtocolFeatures.Config))
        {
            byte[] configuration = guest.Connection.GetConfig(ConfigurationBytes);
            guest.Tag = Encoding.UTF8.GetString(configuration.AsSpan(0, Math.Min(TagBytes, configuration.Length))).TrimEnd('\0');
        }
    }

    protected static void SendWholeMemory(VirtioFsGuest guest, int roomForRegions = 0)
    {
        MemoryRegionDescription[] regions = [.. guest.Memory.Regions.Select(region => region.Description)];
        int[] descriptors = [.. guest.Memory.Regions.Select(region => region.Descriptor)];
        guest.Connection.SetMemTable(regions, descriptors, roomForRegions);
    }

    protected static VringAddress AddressOf(VirtioFsGuest guest, GuestQueue queue) => new()
    {
        Index = (uint)queue.Index,
        Descriptors = guest.Memory.ToUserAddress(queue.DescriptorsGuestAddress),
        Available = guest.Memory.ToUserAddress(queue.AvailableGuestAddress),
        Used = guest.Memory.ToUserAddress(queue.UsedGuestAddress),
        Log = NoLog,
    };

    protected static void EnableAll(VirtioFsGuest guest, bool enable)
    {
        foreach (GuestQueue queue in guest.Queues)
        {
            guest.Connection.SetVringEnable(queue.Index, enable);
        }
    }

    protected static ushort[] TakeBases(VirtioFsGuest guest) =>
        [.. guest.Queues.Select(queue => queue.Base = guest.Connection.GetVringBase(queue.Index))];
}
