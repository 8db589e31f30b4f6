using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Memory;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>Messages about the guest's memory, and about the log of what was written into it.</summary>
internal sealed partial class Session
{
    // Before a region, or a list of them: the number of regions and padding, or padding alone.
    private const int RegionsOffset = 8;

    /// <summary>Replaces all memory. User-Mode Linux sends room for two regions, however many there are.</summary>
    private Outcome SetMemoryTable()
    {
        if (_message.Payload.Length < RegionsOffset)
        {
            return WrongSize();
        }

        uint count = MemoryMarshal.Read<uint>(_message.Payload);
        if (count > UnixSocket.MaximumDescriptors)
        {
            return Outcome.Refused($"The front end shares {count} regions of memory; one message can have {UnixSocket.MaximumDescriptors}.");
        }

        if (_message.Payload.Length < RegionsOffset + (count * Unsafe.SizeOf<RegionDescription>()))
        {
            return WrongSize();
        }

        if (!HasDescriptors((int)count, $"{count}, one for each region", out Outcome refusal))
        {
            return refusal;
        }

        ReadOnlySpan<RegionDescription> regions = MemoryMarshal.Cast<byte, RegionDescription>(_message.Payload[RegionsOffset..])[..(int)count];
        GuestMemory memory = GuestMemory.CreateEmpty();
        for (int i = 0; i < regions.Length; i++)
        {
            string? fault = TryExtend(ref memory, regions[i], _message.LookAtDescriptor(i));
            if (fault is not null)
            {
                memory.LetGo();
                return Outcome.Refused(fault);
            }
        }

        _device.SetMemory(memory);
        return Outcome.Done;
    }

    private Outcome GetMaximumMemorySlots() =>
        IsBare(out Outcome refusal) ? Outcome.Answer(GuestMemory.MaximumRegions) : refusal;

    private Outcome AddMemoryRegion()
    {
        if (!HasDescriptors(1, "one", out Outcome refusal) || !TryReadRegion(out RegionDescription region, out refusal))
        {
            return refusal;
        }

        GuestMemory memory = _device.Memory.Hold();
        string? fault = TryExtend(ref memory, region, _message.LookAtDescriptor(0));
        if (fault is not null)
        {
            memory.LetGo();
            return Outcome.Refused(fault);
        }

        _device.SetMemory(memory);
        return Outcome.Done;
    }

    private Outcome RemoveMemoryRegion()
    {
        // Some front ends send the region's descriptor, too (vhost-user: REM_MEM_REG).
        if (_message.DescriptorCount > 1)
        {
            return WrongDescriptors("none");
        }

        if (!TryReadRegion(out RegionDescription region, out Outcome refusal))
        {
            return refusal;
        }

        GuestMemory? memory = _device.Memory.Without(region);
        if (memory is null)
        {
            return Outcome.Refused($"The front end takes away the memory at {region.GuestAddress:x}, which it never shared.");
        }

        _device.SetMemory(memory);
        return Outcome.Done;
    }

    private bool TryReadRegion(out RegionDescription region, out Outcome refusal)
    {
        bool right = _message.Payload.Length == RegionsOffset + Unsafe.SizeOf<RegionDescription>();
        region = right ? MemoryMarshal.Read<RegionDescription>(_message.Payload[RegionsOffset..]) : default;
        refusal = right ? default : WrongSize();
        return right;
    }

    /// <summary>Puts a table with one region more in the place of a table, which is let go of. Null, or what is wrong, as a sentence.</summary>
    private static string? TryExtend(ref GuestMemory memory, in RegionDescription region, int descriptor)
    {
        string name = $"The region of memory at {region.GuestAddress:x}";
        string? fault = GuestMemory.DescribeFault(region);
        if (fault is not null)
        {
            return $"{name} {fault}.";
        }

        if (memory.Regions.Length == GuestMemory.MaximumRegions)
        {
            return $"{name} is one too many: the device takes {GuestMemory.MaximumRegions}.";
        }

        if (memory.Overlaps(region))
        {
            return $"{name} overlaps with another one.";
        }

        fault = FileMapping.TryCreate(descriptor, region.FileOffset, region.Size, out FileMapping? mapping);
        if (fault is not null)
        {
            return $"{name} {fault}.";
        }

        GuestMemory old = memory;
        memory = old.With(region, mapping!);
        old.LetGo();
        return null;
    }
}
