using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Front ends that break the rules of vhost-user: they are told or sent away, and nothing is lost.</summary>
public sealed class FrontEndFaultTests
{
    private const uint NeedReply = 8;

    public static TheoryData<uint> EveryRequest => [.. Enumerable.Range(0, 48).Select(number => (uint)number), 1000u, uint.MaxValue];

    [Theory]
    [MemberData(nameof(EveryRequest))]
    public void Any_message_of_any_size_with_any_number_of_descriptors_loses_nothing(uint request)
    {
        using TemporaryShare share = new();
        Warm(share);
        ProcessTally before = ProcessTally.Take();
        int[] descriptors = [.. Enumerable.Range(0, 32).Select(_ => EventFd.Create())];
        int[] sizes = [0, 1, 4, 7, 8, 9, 12, 16, 32, 36, 40, 52, 72, 264, 1032, 4095, 4096, 4097];
        Random random = new((int)(request % 1000));
        foreach (int size in sizes)
        {
            foreach (int count in (int[])[0, 1, 2, 8, 32])
            {
                byte[] payload = new byte[size];
                random.NextBytes(payload);
                using VhostUserConnection connection = VhostUserConnection.Connect(share.Socket);
                _ = connection.SendRaw(Header((VhostUserRequest)request, 1, (uint)size), payload, descriptors.AsSpan(0, count));
                connection.Shutdown();
            }
        }

        Array.ForEach(descriptors, FileDescriptor.Close);
        ServeAnother(share);
        before.IsReachedAgain();
    }

    [Fact]
    public void A_front_end_that_closes_after_any_byte_of_a_message_loses_nothing()
    {
        using TemporaryShare share = new();
        Warm(share);
        ProcessTally before = ProcessTally.Take();
        using GuestMemory memory = GuestMemory.Create();
        byte[] message = new byte[12 + 8 + (2 * 32)];
        MemoryMarshal.Write(message, Header(VhostUserRequest.SetMemTable, 1, 8 + (2 * 32)));
        MemoryMarshal.Write(message.AsSpan(12), 2);
        MemoryMarshal.Write(message.AsSpan(20), memory.Regions[0].Description);
        MemoryMarshal.Write(message.AsSpan(52), memory.Regions[1].Description);
        for (int length = 0; length <= message.Length; length++)
        {
            using VhostUserConnection connection = VhostUserConnection.Connect(share.Socket);
            if (length > 0)
            {
                _ = connection.SendBytes(message.AsSpan(0, length), [memory.Regions[0].Descriptor, memory.Regions[1].Descriptor]);
            }
        }

        share.WaitForTrouble("in the middle of a message");
        ServeAnother(share);
        memory.Dispose();
        before.IsReachedAgain();
    }

    [Fact]
    public void A_message_in_many_pieces_is_understood()
    {
        using TemporaryShare share = new();
        using VhostUserConnection connection = VhostUserConnection.Connect(share.Socket);
        byte[] message = new byte[12];
        MemoryMarshal.Write(message, Header(VhostUserRequest.GetFeatures, 1, 0));
        foreach (byte one in message)
        {
            _ = connection.SendBytes([one]);
        }

        Assert.NotEqual(0ul, connection.ReceiveReply(VhostUserRequest.GetFeatures).Number);
    }

    [Theory]
    [InlineData(0u, "version 0")]
    [InlineData(2u, "version 2")]
    [InlineData(5u, "nobody had asked")]
    public void A_header_that_is_none_ends_the_session_with_the_reason(uint flags, string reason)
    {
        using TemporaryShare share = new();
        using VhostUserConnection connection = VhostUserConnection.Connect(share.Socket);
        _ = connection.SendRaw(Header(VhostUserRequest.GetFeatures, flags, 0), []);
        share.WaitForTrouble(reason);
        share.WaitFor(ShareState.Waiting);
        Assert.Equal(1, share.Share.GetStatistics().FailedSessions);
        ServeAnother(share);
    }

    [Fact]
    public void A_refused_message_is_told_to_a_front_end_that_asks_and_the_session_goes_on()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        Assert.NotEqual(0ul, guest.Connection.TellForResult(VhostUserRequest.SetVringNum, Bytes(new VringState(1, 1000))));
        share.WaitForTrouble("1000 entries");
        Assert.NotEqual(0ul, guest.Connection.TellForResult(VhostUserRequest.SetVringNum, Bytes(new VringState(77, 128))));
        share.WaitForTrouble("ring 77");
        Assert.NotEqual(0ul, guest.Connection.TellForResult(VhostUserRequest.SetVringNum, [1, 2, 3]));
        Assert.NotEqual(0ul, guest.Connection.TellForResult(VhostUserRequest.SetFeatures, Bytes(1ul << 63)));
        Assert.NotEqual(0ul, guest.Connection.TellForResult(VhostUserRequest.SetVringKick, Bytes(1ul)));
        ServingTests.WriteFile(guest.Fuse, "still", "here");
    }

    [Fact]
    public void An_unknown_message_is_answered_with_failure_or_passed_over()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        Assert.NotEqual(0ul, guest.Connection.TellForResult((VhostUserRequest)999, [1, 2, 3, 4]));
        guest.Connection.Send((VhostUserRequest)999, [1, 2, 3, 4]);
        guest.Connection.Send(VhostUserRequest.SendRarp, new byte[8]);
        Assert.NotEqual(VirtioFeatures.None, guest.Connection.GetFeatures());
        ServingTests.WriteFile(guest.Fuse, "still", "here");
        Assert.Null(share.Share.FaultReason);
    }

    [Fact]
    public void A_message_that_asks_for_an_answer_nobody_can_give_ends_the_session()
    {
        using TemporaryShare share = new();
        using VhostUserConnection connection = VhostUserConnection.Connect(share.Socket);
        connection.Send(VhostUserRequest.GetInflightFd, new byte[24]);
        share.WaitForTrouble("does not offer");
        share.WaitFor(ShareState.Waiting);
    }

    [Fact]
    public void Acknowledgements_are_sent_only_where_they_were_agreed_on()
    {
        using TemporaryShare share = new();
        using VhostUserConnection connection = VhostUserConnection.Connect(share.Socket);
        _ = connection.SendRaw(Header(VhostUserRequest.SetOwner, 1 | NeedReply, 0), []);
        Assert.NotEqual(VirtioFeatures.None, connection.GetFeatures());
        connection.SetProtocolFeatures(connection.GetProtocolFeatures());
        Assert.Equal(0ul, connection.TellForResult(VhostUserRequest.SetOwner));
    }

    [Fact]
    public void A_region_that_reaches_beyond_its_file_is_refused()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        int file = SharedMemory.Create("guest-memory-small", 4096);
        foreach (MemoryRegionDescription bad in (MemoryRegionDescription[])
        [
            new(1ul << 40, 8192, 1ul << 41, 0),
            new(1ul << 40, 4096, 1ul << 41, 4096),
            new(1ul << 40, 4096, 1ul << 41, ulong.MaxValue),
            new(1ul << 40, ulong.MaxValue, 1ul << 41, 0),
            new(ulong.MaxValue - 100, 4096, 1ul << 41, 0),
            new(1ul << 40, 0, 1ul << 41, 0),
            guest.Memory.Regions[1].Description with { Size = 4096, MapOffset = 0 },
        ])
        {
            Assert.NotEqual(0ul, guest.Connection.TellForResult(VhostUserRequest.AddMemReg, Padded(bad), [file]));
            share.WaitForTrouble("region of memory");
        }

        FileDescriptor.Close(file);
        ServingTests.WriteFile(guest.Fuse, "still", "here");
    }

    [Fact]
    public void A_ring_outside_of_memory_is_refused()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        byte[] outside = new byte[40];
        MemoryMarshal.Write(outside, 1);
        MemoryMarshal.Write(outside.AsSpan(8), 0x1000ul);
        Assert.NotEqual(0ul, guest.Connection.TellForResult(VhostUserRequest.SetVringAddr, outside));
        share.WaitForTrouble("not in the memory");
        ServingTests.WriteFile(guest.Fuse, "still", "here");
    }

    private static VhostUserHeader Header(VhostUserRequest request, uint flags, uint size) => new() { Request = request, Flags = flags, Size = size };

    private static byte[] Padded(MemoryRegionDescription region) => [.. new byte[8], .. Bytes(region)];

    private static byte[] Bytes<T>(T value) where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();

    private static void Warm(TemporaryShare share) => ServeAnother(share);

    private static void ServeAnother(TemporaryShare share)
    {
        using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket))
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        share.WaitFor(ShareState.Waiting);
    }
}
