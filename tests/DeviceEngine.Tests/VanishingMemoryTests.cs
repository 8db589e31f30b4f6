using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>
/// Guest memory whose file the front end makes shorter. A plain access to what is gone would end this process, and the tests with it.
/// </summary>
public sealed class VanishingMemoryTests
{
    private const int HugeMemory = 8 << 20, RequestBytes = 64, ReplyBytes = 256;

    public static TheoryData<FrontEndKind, VirtioFeatures> Guests => new()
    {
        { FrontEndKind.Qemu, VirtioFeatures.LinuxGuest },
        { FrontEndKind.Qemu, VirtioFeatures.Version1 },
        { FrontEndKind.CloudHypervisor, VirtioFeatures.Version1 | VirtioFeatures.IndirectDescriptors },
        { FrontEndKind.UserModeLinux, VirtioFeatures.Version1 | VirtioFeatures.EventIndex },
    };

    [Theory]
    [MemberData(nameof(Guests))]
    public void Memory_that_cannot_be_sealed_is_served_and_warned_of(FrontEndKind frontEnd, VirtioFeatures features)
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(
            share.Socket, new GuestOptions { FrontEnd = frontEnd, Features = features, MakeMemoryFile = OnTmpfs, QueueSize = 16 });
        for (int i = 0; i < 100; i++)
        {
            ServingTests.WriteFile(guest.Fuse, $"file{i}", "text");
            Assert.Equal("text", File.ReadAllText(share.FileAt($"file{i}")));
        }

        Assert.Contains("memory-backend-memfd", share.Share.Guest!.MemoryWarning, StringComparison.Ordinal);
        Assert.Null(share.Share.FaultReason);
    }

    [Fact]
    public void Memory_that_is_sealed_has_no_warning()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        Assert.Null(share.Share.Guest!.MemoryWarning);
    }

    [Fact]
    public void Memory_on_a_disk_is_served_as_well()
    {
        using TemporaryShare share = new();
        string directory = Path.GetDirectoryName(share.Path)!;
        using FileDescriptor file = new(SharedDescription.CreateFile(directory, 4096));
        Assert.SkipUnless(ForeignDescriptor.KindOf(file.Value) == DescriptorKind.DiskFile, "The folder of the tests is not on a block device.");
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { MakeMemoryFile = size => SharedDescription.CreateFile(directory, size) });
        ServingTests.WriteFile(guest.Fuse, "file", "text");
        Assert.NotNull(share.Share.Guest!.MemoryWarning);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Memory_that_is_taken_away_under_load_costs_the_session_at_most(int kind)
    {
        const int Rounds = 100;
        using TemporaryShare share = new();
        Random random = new(kind);
        for (int round = 0; round < Rounds; round++)
        {
            using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, OptionsOf(kind)))
            {
                FillRing(guest);
                guest.Queues[1].KickAlways();
                Thread.SpinWait(random.Next(100_000));

                // From here on nothing of this process may touch the guest's memory either.
                Assert.Equal(0, Files.Truncate(guest.Memory.Regions[0].Descriptor, random.Next(2) * 4096));
                Thread.Sleep(random.Next(3));
            }

            share.WaitFor(ShareState.Waiting);
        }

        using VirtioFsGuest next = VirtioFsGuest.ConnectAndMount(share.Socket);
        ServingTests.WriteFile(next.Fuse, "file", "text");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Huge_pages_are_served_and_warned_of_where_they_cannot_be_sealed(bool sealable)
    {
        Assert.SkipUnless(HasHugePages(), "The host has no free huge pages of 2 MiB.");
        using TemporaryShare share = new();
        using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(
            share.Socket, OptionsOf(0) with { MemoryBytes = HugeMemory, MakeMemoryFile = size => SharedDescription.CreateHuge(size, sealable) }))
        {
            ServingTests.WriteFile(guest.Fuse, "file", "text");
            Assert.Equal(sealable, share.Share.Guest!.MemoryWarning is null);
            FillRing(guest);
            guest.Queues[1].KickAlways();
            Assert.Equal(sealable ? -Errno.EPERM : 0, Files.Truncate(guest.Memory.Regions[0].Descriptor, 0));
            Thread.Sleep(5);
        }

        using VirtioFsGuest next = VirtioFsGuest.ConnectAndMount(share.Socket);
        ServingTests.WriteFile(next.Fuse, "file", "text");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Holes_in_huge_pages_under_load_cost_the_session_at_most(bool sealable)
    {
        const int Rounds = 30, KeepSizeAndPunch = 3;
        Assert.SkipUnless(HasHugePages(), "The host has no free huge pages of 2 MiB.");
        using TemporaryShare share = new();
        Random random = new(sealable ? 1 : 2);
        for (int round = 0; round < Rounds; round++)
        {
            using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(
                share.Socket, OptionsOf(round % 3) with { MemoryBytes = HugeMemory, MakeMemoryFile = size => SharedDescription.CreateHuge(size, sealable) }))
            {
                FillRing(guest);
                guest.Queues[1].KickAlways();
                Thread.SpinWait(random.Next(100_000));
                Assert.Equal(0, Files.Allocate(guest.Memory.Regions[0].Descriptor, KeepSizeAndPunch, 0, HugeMemory));
                guest.Queues[1].KickAlways();
                Thread.Sleep(random.Next(3));
            }

            share.WaitFor(ShareState.Waiting);
        }

        using VirtioFsGuest next = VirtioFsGuest.ConnectAndMount(share.Socket);
        ServingTests.WriteFile(next.Fuse, "file", "text");
    }

    [Fact]
    public void More_huge_pages_than_there_are_are_refused()
    {
        const long Terabyte = 1L << 40;
        int file = SharedDescription.CreateHuge(Terabyte, sealable: true);
        Assert.SkipUnless(file >= 0, "The host's kernel has no huge pages of 2 MiB.");
        using FileDescriptor owned = new(file);
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        MemoryRegionDescription region = new(1ul << 41, (ulong)Terabyte, 1ul << 42, 0);
        Assert.NotEqual(0ul, guest.Connection.TellForResult(VhostUserRequest.AddMemReg, SingleRegion(region), [file]));
        share.WaitForTrouble("cannot be mapped");
    }

    [Fact]
    public void A_ring_whose_memory_is_gone_is_stopped_with_the_reason()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, OptionsOf(0));
        Assert.Equal(0, Files.Truncate(guest.Memory.Regions[0].Descriptor, 0));
        guest.Queues[1].KickAlways();
        share.WaitForTrouble("memory is gone");
    }

    [Fact]
    public void Requests_in_memory_that_is_gone_leave_the_ring_alone()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { Features = VirtioFeatures.Version1 });
        using GuestMemory other = GuestMemory.Create(0, 1 << 20, OnTmpfs);
        MemoryRegionDescription region = other.Regions[0].Description with { GuestAddress = 1ul << 40, UserAddress = 1ul << 44 };
        guest.Connection.AddMemoryRegion(region, other.Regions[0].Descriptor);
        Assert.Equal(0, Files.Truncate(other.Regions[0].Descriptor, 0));

        GuestQueue queue = guest.Queues[1];
        GuestBuffer here = guest.Memory.Allocate(4096);
        here.At<FuseInHeader>(0) = Header;
        foreach ((ulong request, ulong reply) in ((ulong, ulong)[])
            [(1ul << 40, here.GuestAddress), (here.GuestAddress, 1ul << 40), (1ul << 40, 1ul << 40)])
        {
            queue.Descriptor(500) = new RingDescriptor(request, RequestBytes, DescriptorFlags.Next, 501);
            queue.Descriptor(501) = new RingDescriptor(reply, ReplyBytes, DescriptorFlags.Write, 0);
            queue.Publish(500);
            queue.KickAlways();
            Assert.True(queue.Wait(TimeSpan.FromSeconds(5)));
            Assert.True(queue.TryTakeRaw(out _));
        }

        ServingTests.WriteFile(guest.Fuse, "file", "text");
        Assert.Null(share.Share.FaultReason);
    }

    [Fact]
    public void A_file_that_is_shortened_while_it_is_sealed_is_no_memory_beyond_its_end()
    {
        const int Rounds = 2000, Size = 1 << 20;
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        int accepted = 0;
        for (int i = 0; i < Rounds; i++)
        {
            using FileDescriptor file = new(SharedMemory.Create("guest-memory-race", Size));
            MemoryRegionDescription region = new(1ul << 40, Size, 1ul << 44, 0);
            guest.Connection.Send(VhostUserRequest.AddMemReg, SingleRegion(region), [file.Value], needReply: true);
            Thread.SpinWait(i);
            _ = Files.Truncate(file.Value, 0);
            if (guest.Connection.ReceiveReply(VhostUserRequest.AddMemReg).Number == 0)
            {
                accepted++;
                Assert.Equal(0, FileStatus.Of(file.Value, out FileStatus status));
                Assert.Equal((ulong)Size, status.Size);
                guest.Connection.RemoveMemoryRegion(region);
            }
        }

        Assert.InRange(accepted, 1, Rounds);
    }

    [Theory]
    [InlineData("/tmp")]
    [InlineData("/dev/zero")]
    [InlineData("/proc/self/maps")]
    public void What_is_no_memory_is_refused(string path)
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        using FileDescriptor file = new(Files.Open(path, OpenFlags.ReadOnly));
        MemoryRegionDescription region = new(1ul << 40, 4096, 1ul << 44, 0);
        Assert.NotEqual(0ul, guest.Connection.TellForResult(VhostUserRequest.AddMemReg, SingleRegion(region), [file.Value]));
        share.WaitForTrouble("neither in a file in memory");
    }

    [Fact]
    public void A_log_that_cannot_be_sealed_is_refused()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        using FileDescriptor file = new(OnTmpfs(1 << 20));
        guest.Connection.Send(VhostUserRequest.SetLogBase, [.. BitConverter.GetBytes(1ul << 20), .. new byte[8]], [file.Value], needReply: true);
        Assert.NotEqual(0ul, guest.Connection.ReceiveReply(VhostUserRequest.SetLogBase).Number);
        share.WaitForTrouble("log of written memory is in a file");
    }

    private static int OnTmpfs(long size) => SharedDescription.CreateFile("/dev/shm", size);

    private static FuseInHeader Header => new() { Length = RequestBytes - 8, Opcode = (uint)FuseOpcode.Getattr, NodeId = 1, Unique = 99 };

    private static GuestOptions OptionsOf(int kind) => new()
    {
        MakeMemoryFile = OnTmpfs,
        LowMemoryBytes = 0,
        Features = kind switch
        {
            0 => VirtioFeatures.LinuxGuest,
            1 => VirtioFeatures.Version1,
            _ => VirtioFeatures.Version1 | VirtioFeatures.EventIndex,
        },
    };

    internal static bool HasHugePages()
    {
        int file = SharedDescription.CreateHuge(HugeMemory, sealable: true);
        nint mapping = 0;
        bool any = file >= 0 && SharedMemory.Map(file, 0, HugeMemory, out mapping, reserves: true) == 0;
        if (any)
        {
            _ = SharedMemory.Unmap(mapping, HugeMemory);
        }

        FileDescriptor.Close(file);
        return any;
    }

    private static void FillRing(VirtioFsGuest guest)
    {
        GuestQueue queue = guest.Queues[1];
        GuestBuffer buffer = guest.Memory.Allocate(4096, 4096);
        buffer.At<FuseInHeader>(0) = Header;
        while (queue.TryAdd([buffer.Slice(0, RequestBytes)], [buffer.Slice(1024, ReplyBytes)], 0))
        {
        }
    }

    private static byte[] SingleRegion(MemoryRegionDescription region) =>
        [.. new byte[8], .. System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<MemoryRegionDescription>(in region))];
}
