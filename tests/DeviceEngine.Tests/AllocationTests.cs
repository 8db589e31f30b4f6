using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>The steady state makes no garbage, neither in the worker nor in the guest that is played here.</summary>
public sealed class AllocationTests
{
    private const int Rounds = 2000;

    [Theory]
    [InlineData(4096)]
    [InlineData(64 * 1024)]
    [InlineData(1024 * 1024)]
    public void Reads_and_writes_allocate_nothing(int size)
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        byte[] content = new byte[size];
        new Random(size).NextBytes(content);
        Assert.Equal(0, guest.Fuse.Create(1, "file", 2, 0x81a4, out FuseCreateOut created));
        Assert.Equal(size, guest.Fuse.Write(created.Entry.NodeId, created.Open.Handle, 0, content));
        int rounds = Rounds * 4096 / Math.Max(size, 16384);
        AllocatesNothing(rounds, () =>
        {
            guest.Fuse.Write(created.Entry.NodeId, created.Open.Handle, 0, content);
            guest.Fuse.Read(created.Entry.NodeId, created.Open.Handle, 0, size);
        });
        Assert.True(guest.Fuse.Call.Data.SequenceEqual(content));
    }

    [Fact]
    public void Metadata_allocates_nothing()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        File.WriteAllText(share.FileAt("file"), "text");
        Assert.Equal(0, guest.Fuse.Lookup(1, "file", out FuseEntryOut entry));
        AllocatesNothing(Rounds, () =>
        {
            guest.Fuse.Lookup(1, "file", out FuseEntryOut _);
            guest.Fuse.Getattr(entry.NodeId, out FuseAttrOut _);
            guest.Fuse.Open(entry.NodeId, 0, out FuseOpenOut open);
            guest.Fuse.Release(entry.NodeId, open.Handle);
        });
    }

    [Fact]
    public void Many_requests_at_once_allocate_nothing()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        FuseRequest[] requests = [.. Enumerable.Range(0, 16).Select(_ => guest.Fuse.CreateRequest())];
        AllocatesNothing(Rounds, () =>
        {
            foreach (FuseRequest request in requests)
            {
                guest.Fuse.Submit(request.Begin(FuseOpcode.Getattr, 1).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>());
            }

            guest.Fuse.Kick();
            foreach (FuseRequest request in requests)
            {
                guest.Fuse.WaitFor(request);
            }
        });
    }

    // All threads' allocations together: the worker's, which nobody else can ask for, and this one's.
    private static void AllocatesNothing(int rounds, Action round)
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5 && least > 0; attempt++)
        {
            Repeat(rounds, round);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Repeat(rounds, round);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        // The runner and the runtime allocate now and then; one object a round would be far more.
        Assert.True(least < rounds * 2, $"{least} bytes were allocated in {rounds} rounds.");
    }

    private static void Repeat(int rounds, Action round)
    {
        for (int i = 0; i < rounds; i++)
        {
            round();
        }
    }
}
