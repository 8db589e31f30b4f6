using VirtioFs.Frontend.VhostUser;
using VirtioFs.Linux;

namespace VirtioFs.Frontend.Memory;

/// <summary>The guest's memory: regions of shared memory files, with an allocator that only grows.</summary>
/// <remarks>User addresses differ from guest addresses and from where anything is mapped, so that a back end that confuses them shows.</remarks>
public sealed class GuestMemory : IDisposable
{
    /// <summary>Added to a guest address to make the user address that the front end claims.</summary>
    public const ulong UserAddressOffset = 0x7e00_0000_0000;

    private const ulong HighMemory = 0x1_0000_0000;
    private readonly Func<long, int>? _makeFile;
    private readonly List<int> _files = [];
    private readonly List<GuestRegion> _regions = [];

    private GuestMemory(Func<long, int>? makeFile) => _makeFile = makeFile;

    /// <summary>The regions, in the order in which the back end is told of them.</summary>
    public IReadOnlyList<GuestRegion> Regions => _regions;

    /// <summary>
    /// Memory as QEMU lays it out: one file, whose first part is at address 0 and whose second at 4 GiB. Buffers come from
    /// the second, rings too; the first is for tests that want another region.
    /// </summary>
    /// <param name="lowBytes">Bytes below, a multiple of the page size; zero for none.</param>
    /// <param name="highBytes">Bytes above, a multiple of the page size.</param>
    /// <param name="makeFile">Makes the file of so many bytes; null for a memfd that can be sealed.</param>
    public static GuestMemory Create(ulong lowBytes = 1 << 20, ulong highBytes = 64 << 20, Func<long, int>? makeFile = null)
    {
        GuestMemory memory = new(makeFile);
        int file = memory.CreateFile(lowBytes + highBytes);
        if (lowBytes != 0)
        {
            memory.Map(file, new MemoryRegionDescription(0, lowBytes, UserAddressOffset, 0));
        }

        memory.Map(file, new MemoryRegionDescription(HighMemory, highBytes, UserAddressOffset + HighMemory, lowBytes));
        return memory;
    }

    /// <summary>Memory of regions with a file each.</summary>
    /// <param name="regions">Guest address and size of each, in multiples of the page size.</param>
    public static GuestMemory Create(params ReadOnlySpan<(ulong GuestAddress, ulong Size)> regions)
    {
        GuestMemory memory = new(null);
        foreach ((ulong guestAddress, ulong size) in regions)
        {
            memory.AddRegion(guestAddress, size);
        }

        return memory;
    }

    /// <summary>Adds a region with a file of its own, as a hot-plugged module would be.</summary>
    public GuestRegion AddRegion(ulong guestAddress, ulong size) =>
        Map(CreateFile(size), new MemoryRegionDescription(guestAddress, size, guestAddress + UserAddressOffset, 0));

    /// <summary>Takes bytes that nobody else has, from the last region that has room. They are zero, and never given back.</summary>
    /// <exception cref="InvalidOperationException">No region has room.</exception>
    public GuestBuffer Allocate(int length, int alignment = 64)
    {
        for (int i = _regions.Count - 1; i >= 0; i--)
        {
            if (_regions[i].TryAllocate(length, alignment, out GuestBuffer buffer))
            {
                return buffer;
            }
        }

        throw new InvalidOperationException($"The guest's memory has no room for {length} bytes: give it larger regions.");
    }

    /// <summary>Takes bytes from one region.</summary>
    /// <exception cref="InvalidOperationException">It has no room.</exception>
    public static GuestBuffer AllocateFrom(GuestRegion region, int length, int alignment = 64)
    {
        ArgumentNullException.ThrowIfNull(region);
        return region.TryAllocate(length, alignment, out GuestBuffer buffer)
            ? buffer
            : throw new InvalidOperationException($"The region at {region.Description.GuestAddress:x} has no room for {length} bytes.");
    }

    /// <summary>The address at which the front end claims to have a guest address mapped; rings are named so.</summary>
    public ulong ToUserAddress(ulong guestAddress)
    {
        foreach (GuestRegion region in _regions)
        {
            if (guestAddress - region.Description.GuestAddress < region.Description.Size)
            {
                return region.ToUserAddress(guestAddress);
            }
        }

        throw new ArgumentOutOfRangeException(nameof(guestAddress), $"No region of guest memory holds the address {guestAddress:x}.");
    }

    /// <summary>Unmaps and closes everything.</summary>
    public void Dispose()
    {
        foreach (GuestRegion region in _regions)
        {
            _ = SharedMemory.Unmap(region.Address, (nuint)region.Description.Size);
        }

        _files.ForEach(FileDescriptor.Close);
        _regions.Clear();
        _files.Clear();
    }

    private int CreateFile(ulong size)
    {
        int file = (int)LinuxException.Check(
            _makeFile?.Invoke((long)size) ?? SharedMemory.Create("guest-memory", (long)size),
            "Making a memory file failed");
        _files.Add(file);
        return file;
    }

    private GuestRegion Map(int file, MemoryRegionDescription description)
    {
        int result = SharedMemory.Map(file, (long)description.MapOffset, (nuint)description.Size, out nint address);
        LinuxException.Check(result, "Mapping guest memory failed");
        GuestRegion region = new(description, file, address);
        _regions.Add(region);
        return region;
    }
}
