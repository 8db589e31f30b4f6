using VirtioFs.DeviceEngine.Memory;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Guest memory that comes and goes under running rings, and the log of what is written into it.</summary>
public sealed class MemoryTests
{
    private const int PageSize = 4096;

    [Fact]
    public void Memory_comes_and_goes_while_requests_are_served()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        ProcessTally before = ProcessTally.Take();
        bool done = false;
        Thread load = new(() =>
        {
            for (int i = 0; !Volatile.Read(ref done); i++)
            {
                ServingTests.WriteFile(guest.Fuse, $"file{i}", "text");
            }
        });
        load.Start();
        GuestRegion region = guest.Memory.AddRegion(1ul << 40, 1 << 20);
        for (int i = 0; i < 200; i++)
        {
            guest.Connection.AddMemoryRegion(region.Description, region.Descriptor);
            guest.Connection.RemoveMemoryRegion(region.Description);
        }

        Volatile.Write(ref done, true);
        load.Join();
        Eventually.Holds(() => ProcessTally.Take().Mappings <= before.Mappings + 1, () => $"Before {before}, now {ProcessTally.Take()}");
        Assert.Null(share.Share.FaultReason);
    }

    [Fact]
    public void A_whole_new_table_is_taken_while_requests_are_served()
    {
        using TemporaryShare share = new();
        ProtocolFeatures features = ProtocolFeatures.Qemu & ~ProtocolFeatures.ConfigureMemorySlots;
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { ProtocolFeatures = features });
        ProcessTally before = ProcessTally.Take();
        bool done = false;
        Thread load = new(() =>
        {
            for (int i = 0; !Volatile.Read(ref done); i++)
            {
                ServingTests.WriteFile(guest.Fuse, $"file{i}", "text");
            }
        });
        load.Start();
        for (int i = 0; i < 200; i++)
        {
            guest.Connection.SetMemTable(
                [.. guest.Memory.Regions.Select(region => region.Description)], [.. guest.Memory.Regions.Select(region => region.Descriptor)]);
        }

        Volatile.Write(ref done, true);
        load.Join();
        Eventually.Holds(() => ProcessTally.Take().Mappings <= before.Mappings, () => $"Before {before}, now {ProcessTally.Take()}");
        Assert.Null(share.Share.FaultReason);
    }

    [Fact]
    public void A_table_that_leaves_a_ring_outside_stops_the_ring()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        guest.Connection.RemoveMemoryRegion(guest.Memory.Regions[1].Description);
        share.WaitForTrouble("not in the memory");
    }

    [Fact]
    public void Memory_that_was_never_shared_cannot_be_taken_away()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        MemoryRegionDescription region = guest.Memory.Regions[0].Description with { UserAddress = 12 << 12 };
        Assert.Throws<BackEndException>(() => guest.Connection.RemoveMemoryRegion(region));
    }

    [Fact]
    public void Pieces_that_cross_from_one_region_into_the_next_are_whole()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        GuestRegion first = guest.Memory.AddRegion(1ul << 40, 1 << 16);
        GuestRegion second = guest.Memory.AddRegion((1ul << 40) + (1 << 16), 1 << 16);
        guest.Connection.AddMemoryRegion(second.Description, second.Descriptor);
        guest.Connection.AddMemoryRegion(first.Description, first.Descriptor);

        byte[] content = new byte[PageSize];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(share.FileAt("file"), content);
        Assert.Equal(0, guest.Fuse.Lookup(1, "file", out FuseEntryOut entry));
        Assert.Equal(0, guest.Fuse.Open(entry.NodeId, 0, out FuseOpenOut open));
        FuseReadIn read = new() { Handle = open.Handle, Size = PageSize };
        FuseRequest request = guest.Fuse.CreateRequest();
        guest.Fuse.Prepare(request.Begin(FuseOpcode.Read, entry.NodeId).Append(read));
        GuestBuffer header = guest.Memory.Allocate(80);
        header.At<FuseInHeader>(0) = request.Header;
        header.At<FuseInHeader>(0).Length = 80;
        header.At<FuseReadIn>(40) = read;

        // The out header, too, lies on the border: eight bytes on each side.
        GuestQueue ring = guest.Queues[1];
        ring.Descriptor(500) = new RingDescriptor(header.GuestAddress, 80, DescriptorFlags.Next, 501);
        ring.Descriptor(501) = new RingDescriptor((1ul << 40) + (1 << 16) - 8, 16 + PageSize, DescriptorFlags.Write, 0);
        ring.Publish(500);
        ring.KickAlways();
        Assert.True(ring.Wait(TimeSpan.FromSeconds(5)));
        Assert.True(ring.TryTakeRaw(out UsedElement used));
        Assert.Equal((uint)(16 + PageSize), used.Length);
        Assert.True(second.At(8, PageSize).Span.SequenceEqual(content));
    }

    [Fact]
    public unsafe void What_is_still_to_be_read_is_there_after_memory_was_taken_and_the_rest_is_nobodys()
    {
        const int Size = 16 * 4096, At = 5000, Length = 9000;
        using FileDescriptor file = new(SharedMemory.Create("guest-memory-kept", Size));
        Assert.Null(FileMapping.TryCreate(file.Value, 0, Size, out FileMapping? mapping));
        Span<byte> bytes = new((void*)mapping!.Address, Size);
        bytes.Fill(1);
        FileMapping second = mapping.TryDuplicate()!;
        Span<byte> guests = new((void*)second.Address, Size);
        Assert.True(guests.SequenceEqual(bytes));
        Assert.True(mapping.TryCutOff([new IoVec(mapping.Address + At, Length), new IoVec(second.Address, Size)]));
        guests.Fill(2);
        Assert.Equal(-1, bytes.Slice(At, Length).IndexOfAnyExcept((byte)1));
        Assert.Equal(-1, bytes[..At].IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, bytes[(At + Length)..].IndexOfAnyExcept((byte)0));
        bytes.Fill(3);
        Assert.Equal(-1, guests.IndexOfAnyExcept((byte)2));
        mapping.LetGo();
        second.LetGo();
    }

    [Fact]
    public void What_is_written_while_memory_is_logged_is_marked()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        ulong pages = ((1ul << 32) + guest.Options.MemoryBytes) / PageSize;
        int file = SharedMemory.Create("guest-memory-log", (long)(pages / 8) + PageSize);
        Assert.Equal(0, SharedMemory.Map(file, 0, (nuint)((pages / 8) + PageSize), out nint log));
        guest.Connection.SetLogBase(pages / 8, PageSize, file);
        ServingTests.WriteFile(guest.Fuse, "unlogged", "text");
        Assert.Equal(0, CountMarks(log, pages));

        guest.Connection.SetFeatures(guest.Features | VirtioFeatures.LogAll);
        GuestQueue ring = guest.Queues[1];
        guest.Connection.SetVringAddress(new VringAddress
        {
            Index = 1,
            Flags = VringAddress.LogUsedRing,
            Descriptors = guest.Memory.ToUserAddress(ring.DescriptorsGuestAddress),
            Used = guest.Memory.ToUserAddress(ring.UsedGuestAddress),
            Available = guest.Memory.ToUserAddress(ring.AvailableGuestAddress),
            Log = ring.UsedGuestAddress,
        });
        File.WriteAllBytes(share.FileAt("file"), new byte[3 * PageSize]);
        Assert.Equal(0, guest.Fuse.Lookup(1, "file", out FuseEntryOut entry));
        Assert.Equal(0, guest.Fuse.Open(entry.NodeId, 0, out FuseOpenOut open));
        Assert.Equal(3 * PageSize, guest.Fuse.Read(entry.NodeId, open.Handle, 0, 8 * PageSize));
        for (int i = 0; i < 3; i++)
        {
            Assert.True(IsMarked(log, guest.Fuse.Call.DataBuffer.GuestAddress + (ulong)(i * PageSize)));
        }

        Assert.False(IsMarked(log, guest.Fuse.Call.DataBuffer.GuestAddress + (3 * PageSize)));
        Assert.True(IsMarked(log, ring.UsedGuestAddress));
        Assert.False(IsMarked(log, ring.AvailableGuestAddress));

        // Switched off again: nothing is marked, and the log can go.
        guest.Connection.SetFeatures(guest.Features);
        int marks = CountMarks(log, pages);
        ServingTests.WriteFile(guest.Fuse, "unlogged again", "text");
        Assert.Equal(marks, CountMarks(log, pages));
        _ = SharedMemory.Unmap(log, (nuint)((pages / 8) + PageSize));
        FileDescriptor.Close(file);
    }

    private static unsafe bool IsMarked(nint log, ulong guestAddress)
    {
        ulong page = guestAddress / PageSize;
        return (((byte*)log)[PageSize + (page / 8)] & (1 << (int)(page % 8))) != 0;
    }

    private static unsafe int CountMarks(nint log, ulong pages)
    {
        int count = 0;
        for (ulong i = 0; i < pages / 8; i++)
        {
            count += int.PopCount(((byte*)log)[PageSize + i]);
        }

        return count;
    }
}
