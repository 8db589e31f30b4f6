using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Memory;

/// <summary>
/// The guest's memory as it was told at one time. A table never changes; a new one takes its place, and regions that both have keep
/// their mapping. Whoever uses a table holds it, so that no mapping goes away under a request.
/// </summary>
internal sealed class GuestMemory
{
    /// <summary>The most regions of one table, as many as KVM has user slots for on x64.</summary>
    internal const int MaximumRegions = 509;

    private readonly MemoryRegion[] _regions;
    private int _users = 1;

    private GuestMemory(MemoryRegion[] regions)
    {
        _regions = regions;
        MayVanish = Array.Exists(regions, region => region.Mapping.MayVanish);
    }

    /// <summary>A new table without memory.</summary>
    internal static GuestMemory CreateEmpty() => new([]);

    internal ReadOnlySpan<MemoryRegion> Regions => _regions;

    /// <summary>Whether some of the memory may be gone when it is touched: then all of it is touched through <see cref="GuardedMemory"/>.</summary>
    internal bool MayVanish { get; }

    internal ulong TotalSize
    {
        get
        {
            ulong total = 0;
            foreach (MemoryRegion region in _regions)
            {
                total += region.Size;
            }

            return total;
        }
    }

    /// <summary>What is wrong with a region before it is mapped, as the end of a sentence; null when it is sound.</summary>
    internal static string? DescribeFault(in RegionDescription region)
    {
        if (region.Size == 0)
        {
            return "is empty";
        }

        bool wraps = ulong.MaxValue - region.GuestAddress < region.Size - 1 || ulong.MaxValue - region.UserAddress < region.Size - 1
            || region.Size > long.MaxValue || region.FileOffset > long.MaxValue - region.Size;
        return wraps ? "reaches beyond the end of the address space" : null;
    }

    /// <summary>A table with one region more. The new table becomes the owner of the caller's hold on the mapping.</summary>
    internal GuestMemory With(in RegionDescription description, FileMapping mapping)
    {
        Hold(_regions);
        return new GuestMemory([.. _regions, new MemoryRegion(description, mapping)]);
    }

    /// <summary>A table with one region less; null when there is no such region. The offset in the file is not compared (vhost-user: REM_MEM_REG).</summary>
    internal GuestMemory? Without(RegionDescription description)
    {
        int index = Array.FindIndex(
            _regions,
            region => region.Description with { FileOffset = 0 } == description with { FileOffset = 0 });
        if (index < 0)
        {
            return null;
        }

        MemoryRegion[] remaining = [.. _regions[..index], .. _regions[(index + 1)..]];
        Hold(remaining);
        return new GuestMemory(remaining);
    }

    /// <summary>Whether a region shares an address with one of the table.</summary>
    internal bool Overlaps(in RegionDescription description)
    {
        foreach (MemoryRegion region in _regions)
        {
            if (MemoryRegion.Overlap(region.Description, description))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Becomes one more user of a table that the caller knows to have one.</summary>
    internal GuestMemory Hold()
    {
        _ = Interlocked.Increment(ref _users);
        return this;
    }

    /// <summary>Is no longer a user; the last one lets go of the mappings.</summary>
    internal void LetGo()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            foreach (MemoryRegion region in _regions)
            {
                region.Mapping.LetGo();
            }
        }
    }

    /// <inheritdoc cref="FileMapping.TryCutOff"/>
    internal bool TryCutOff(ReadOnlySpan<IoVec> kept)
    {
        bool all = true;
        foreach (MemoryRegion region in _regions)
        {
            all &= region.Mapping.TryCutOff(kept);
        }

        return all;
    }

    /// <summary>A table of the same memory, mapped once more. Null where that is not possible.</summary>
    internal GuestMemory? TryDuplicate()
    {
        List<MemoryRegion> copies = [];
        foreach (MemoryRegion region in _regions)
        {
            if (region.Mapping.TryDuplicate() is not FileMapping copy)
            {
                copies.ForEach(made => made.Mapping.LetGo());
                return null;
            }

            copies.Add(region with { Mapping = copy });
        }

        return new GuestMemory([.. copies]);
    }

    /// <summary>Finds where a guest address lies in this process.</summary>
    /// <param name="guestAddress">The address.</param>
    /// <param name="hint">The region that the last address lay in, kept by the caller between calls.</param>
    /// <param name="address">The same byte here.</param>
    /// <param name="available">Bytes from there to the end of the region.</param>
    internal bool TryTranslate(ulong guestAddress, ref int hint, out nint address, out ulong available)
    {
        MemoryRegion[] regions = _regions;
        if ((uint)hint < (uint)regions.Length && TryTranslate(regions[hint], guestAddress, out address, out available))
        {
            return true;
        }

        for (int i = 0; i < regions.Length; i++)
        {
            if (TryTranslate(regions[i], guestAddress, out address, out available))
            {
                hint = i;
                return true;
            }
        }

        (address, available) = (0, 0);
        return false;
    }

    /// <summary>Finds where memory that the front end names by its own address lies in this process, if one region holds all of it.</summary>
    internal bool TryTranslateUser(ulong userAddress, ulong length, out nint address)
    {
        foreach (MemoryRegion region in _regions)
        {
            ulong offset = userAddress - region.UserAddress;
            if (offset < region.Size && length <= region.Size - offset)
            {
                address = region.Address + (nint)offset;
                return true;
            }
        }

        address = 0;
        return false;
    }

    /// <summary>Copies bytes out of guest memory, which may lie in several regions. False when not all of them are there.</summary>
    internal unsafe bool TryCopy(ulong guestAddress, Span<byte> target, ref int hint)
    {
        while (!target.IsEmpty)
        {
            if (!TryTranslate(guestAddress, ref hint, out nint address, out ulong available))
            {
                return false;
            }

            int length = (int)Math.Min((ulong)target.Length, available);
            if (!MayVanish)
            {
                new ReadOnlySpan<byte>((void*)address, length).CopyTo(target);
            }
            else if (!TryCopyGuarded(address, target[..length]))
            {
                return false;
            }

            target = target[length..];
            guestAddress += (ulong)length;
        }

        return true;
    }

    private static unsafe bool TryCopyGuarded(nint address, Span<byte> target)
    {
        fixed (byte* first = target)
        {
            return GuardedMemory.TryRead(address, first, (nuint)target.Length);
        }
    }

    private static bool TryTranslate(in MemoryRegion region, ulong guestAddress, out nint address, out ulong available)
    {
        ulong offset = guestAddress - region.GuestAddress;
        bool inside = offset < region.Size;
        address = inside ? region.Address + (nint)offset : 0;
        available = inside ? region.Size - offset : 0;
        return inside;
    }

    private static void Hold(MemoryRegion[] regions)
    {
        foreach (MemoryRegion region in regions)
        {
            region.Mapping.Hold();
        }
    }
}
