using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Descriptors;
using VirtioFs.DeviceEngine.Device;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>Messages about the device as a whole.</summary>
internal sealed partial class Session
{
    private Outcome GetFeatures() =>
        IsBare(out Outcome refusal) ? Outcome.Answer((ulong)DeviceFeatures.Offered) : refusal;

    private Outcome SetFeatures() =>
        TryRead(out ulong features, out Outcome refusal) ? Outcome.Of(_device.SetFeatures(features)) : refusal;

    private Outcome GetProtocolFeatures() =>
        IsBare(out Outcome refusal) ? Outcome.Answer((ulong)OfferedProtocolFeatures) : refusal;

    private Outcome SetProtocolFeatures()
    {
        if (!TryRead(out ulong features, out Outcome refusal))
        {
            return refusal;
        }

        ulong unknown = features & ~(ulong)OfferedProtocolFeatures;
        if (unknown != 0)
        {
            return Outcome.Refused($"The front end accepted protocol features that were not offered: {unknown:x}.");
        }

        ProtocolFeatures = (ProtocolFeatures)features;
        return Outcome.Done;
    }

    private Outcome SetOwner() => IsBare(out Outcome refusal) ? Outcome.Done : refusal;

    private Outcome ResetOwner() => IsBare(out Outcome refusal) ? Outcome.Of(_device.DisableQueues()) : refusal;

    private Outcome ResetDevice() => IsBare(out Outcome refusal) ? Outcome.Of(_device.Reset()) : refusal;

    private Outcome GetQueueCount() => IsBare(out Outcome refusal) ? Outcome.Answer((ulong)_device.Queues.Count) : refusal;

    private Outcome GetStatus() => IsBare(out Outcome refusal) ? Outcome.Answer(_device.Status) : refusal;

    /// <summary>
    /// Status 0 takes the driver off the device. The FUSE session is another matter: QEMU sets 0 also when it only pauses the machine, after
    /// which the guest goes on where it was.
    /// </summary>
    private Outcome SetStatus()
    {
        if (!TryRead(out ulong status, out Outcome refusal))
        {
            return refusal;
        }

        if (status > byte.MaxValue)
        {
            return Outcome.Refused($"The front end set the status {status:x}; a device's status has eight bits.");
        }

        _device.Status = (byte)status;
        return status == 0 ? Outcome.Of(_device.StopQueues()) : Outcome.Done;
    }

    /// <summary>Answers a part of the configuration space; with no bytes at all when the space has no such part.</summary>
    private Outcome GetConfiguration()
    {
        if (!TryReadAccess(out ConfigurationAccess access, out Outcome refusal))
        {
            return refusal;
        }

        ReadOnlySpan<byte> space = MemoryMarshal.AsBytes(new ReadOnlySpan<DeviceConfiguration>(in _device.Configuration));
        if (!IsInside(access, space.Length))
        {
            return TrySend([]) ? Outcome.Replied : Outcome.Refused("The front end did not take its answer.");
        }

        Span<byte> answer = stackalloc byte[Unsafe.SizeOf<ConfigurationAccess>() + space.Length];
        MemoryMarshal.Write(answer, in access);
        space.Slice((int)access.Offset, (int)access.Size).CopyTo(answer[Unsafe.SizeOf<ConfigurationAccess>()..]);
        answer = answer[..(Unsafe.SizeOf<ConfigurationAccess>() + (int)access.Size)];
        return TrySend(answer) ? Outcome.Replied : Outcome.Refused("The front end did not take its answer.");
    }

    /// <summary>Guests only read the configuration. After a migration a front end may write what the device has anyway.</summary>
    private Outcome SetConfiguration()
    {
        if (!TryReadAccess(out ConfigurationAccess access, out Outcome refusal))
        {
            return refusal;
        }

        ReadOnlySpan<byte> space = MemoryMarshal.AsBytes(new ReadOnlySpan<DeviceConfiguration>(in _device.Configuration));
        ReadOnlySpan<byte> wanted = _message.Payload[Unsafe.SizeOf<ConfigurationAccess>()..];
        bool same = (access.Flags & ConfigurationAccess.Migration) != 0 && IsInside(access, space.Length)
            && space.Slice((int)access.Offset, (int)access.Size).SequenceEqual(wanted);
        return same ? Outcome.Done : Outcome.Declined("The front end wrote to the configuration, which guests only read.");
    }

    /// <summary>Keeps the channel that the back end may ask the front end on. Under User-Mode Linux it is a socket of a pair.</summary>
    private Outcome SetBackEndChannel()
    {
        if (!HasDescriptors(1, "one", out Outcome refusal) || !HasSize(0, out refusal))
        {
            return refusal;
        }

        DescriptorDisposal.Close(_backEndChannel);
        _backEndChannel = _message.TakeDescriptor();
        return Outcome.Done;
    }

    private bool TryReadAccess(out ConfigurationAccess access, out Outcome refusal)
    {
        access = default;
        if (!HasDescriptors(0, "none", out refusal))
        {
            return false;
        }

        int size = Unsafe.SizeOf<ConfigurationAccess>();
        bool read = _message.Payload.Length >= size;
        access = read ? MemoryMarshal.Read<ConfigurationAccess>(_message.Payload) : default;
        read = read && access.Size == _message.Payload.Length - size;
        refusal = read ? default : WrongSize();
        return read;
    }

    private static bool IsInside(in ConfigurationAccess access, int size) =>
        access.Size > 0 && access.Offset <= (uint)size && access.Size <= (uint)size - access.Offset;
}
