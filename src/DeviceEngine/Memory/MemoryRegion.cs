namespace VirtioFs.DeviceEngine.Memory;

/// <summary>One region of guest memory and its mapping.</summary>
internal readonly record struct MemoryRegion(RegionDescription Description, FileMapping Mapping)
{
    internal ulong GuestAddress => Description.GuestAddress;

    internal ulong Size => Description.Size;

    internal ulong UserAddress => Description.UserAddress;

    internal nint Address => Mapping.Address;

    /// <summary>Whether two regions share an address, of the guest's or of the front end's.</summary>
    internal static bool Overlap(in RegionDescription first, in RegionDescription second) =>
        Overlap(first.GuestAddress, first.Size, second.GuestAddress, second.Size)
        || Overlap(first.UserAddress, first.Size, second.UserAddress, second.Size);

    // Sizes are positive and ends do not wrap: DescribeFault has seen to that.
    private static bool Overlap(ulong first, ulong firstSize, ulong second, ulong secondSize) =>
        first - second < secondSize || second - first < firstSize;
}
