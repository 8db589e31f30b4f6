using System.Diagnostics;
using VirtioFs.EndToEnd.Tests.Hostile;
using VirtioFs.EndToEnd.Tests.Sharing;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Whole;

/// <summary>Descriptors that a session has used are back when its guest has gone, however it went.</summary>
[Collection(AloneCollection.Name)]
public sealed class NothingIsLeftTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly SharedTree _tree = new();

    public NothingIsLeftTests() => Assert.SkipUnless(ServingBackEnd.Command is null, "Another process's descriptors are its own.");

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void After_a_guest_that_went_with_a_thousand_files_open() =>
        AssertNothingIsLeft(guest =>
        {
            FuseClient fuse = guest.Fuse;
            for (int i = 0; i < 1000; i++)
            {
                Assert.Equal(0, fuse.Create(SharedTree.Root, $"file-{i}", HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT), 0x1b6, out _));
                Assert.Equal(0, fuse.Opendir(SharedTree.Root, out _));
            }
        });

    [Fact]
    public void After_files_that_were_opened_closed_removed_and_forgotten()
    {
        FuseClient fuse = _tree.Fuse;
        Assert.Equal(0, fuse.Getattr(SharedTree.Root, out _));
        int before = Descriptors();
        for (int i = 0; i < 300; i++)
        {
            Assert.Equal(0, fuse.Create(SharedTree.Root, "file", HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT), 0x1b6, out FuseCreateOut made));
            Assert.Equal(5, fuse.Write(made.Entry.NodeId, made.Open.Handle, 0, "hello"u8));
            Assert.Equal(0, fuse.Release(made.Entry.NodeId, made.Open.Handle));
            Assert.Equal(0, fuse.Unlink(SharedTree.Root, "file"));
            fuse.Forget(made.Entry.NodeId);
        }

        WaitForDescriptors(before + 8);
    }

    [Fact]
    public void After_every_operation_in_every_wrong_length() =>
        AssertNothingIsLeft(guest =>
        {
            RequestCatalog catalog = new(_tree, guest);
            foreach (FuseOpcode opcode in Enum.GetValues<FuseOpcode>())
            {
                (byte[] request, int room) = catalog.Make(opcode);
                for (int length = 40; length <= request.Length; length++)
                {
                    RawReply reply = new(guest.Fuse.TransactRaw(request.AsSpan(0, length), room));
                    if (!reply.IsEmpty && reply.Error == 0)
                    {
                        catalog.Refresh();
                    }
                }
            }
        });

    [Fact]
    public void After_requests_that_were_still_waiting_when_the_guest_went() =>
        AssertNothingIsLeft(guest =>
        {
            _tree.WriteOnHost("big", new string('x', 1 << 20));
            (ulong node, ulong handle) = OpenIn(guest, "big");
            for (int i = 0; i < 32; i++)
            {
                FuseRequest request = guest.Fuse.CreateRequest(256, 1 << 20);
                guest.Fuse.Submit(request.Begin(FuseOpcode.Read, node).Append(new FuseReadIn { Handle = handle, Size = 1 << 20 }).ExpectData(1 << 20));
            }

            guest.Fuse.Kick();
        });

    [Fact]
    public void After_a_lock_that_was_still_waited_for_when_the_guest_went() =>
        AssertNothingIsLeft(guest =>
        {
            _tree.WriteOnHost("locked");
            (ulong node, ulong first) = OpenIn(guest, "locked");
            (_, ulong second) = OpenIn(guest, "locked");
            const uint WriteLock = 1;
            FuseLockIn argument = new() { Handle = first, Owner = 1, Lock = new FuseFileLock { End = long.MaxValue, Type = WriteLock, ProcessId = 1 } };
            Assert.Equal(0, guest.Fuse.Setlk(node, argument));
            FuseRequest waiting = guest.Fuse.CreateRequest();
            guest.Fuse.Submit(waiting.Begin(FuseOpcode.Setlkw, node).Append(argument with { Handle = second, Owner = 2 }));
            guest.Fuse.Kick();
            Assert.Equal(0, guest.Fuse.Getattr(SharedTree.Root, out _));
            Assert.False(guest.Fuse.TryReceive(out FuseRequest done), $"Waiting for the lock ended with {done?.Error}.");
        });

    private static (ulong Node, ulong Handle) OpenIn(VirtioFsGuest guest, string name)
    {
        Assert.Equal(0, guest.Fuse.Lookup(SharedTree.Root, name, out FuseEntryOut entry));
        Assert.Equal(0, guest.Fuse.Open(entry.NodeId, HostFile.Raw(OpenFlags.O_RDWR), out FuseOpenOut open));
        return (entry.NodeId, open.Handle);
    }

    /// <summary>Counts with no guest connected, before and after one that does something and goes.</summary>
    private void AssertNothingIsLeft(Action<VirtioFsGuest> use)
    {
        // The first session makes what a share keeps for good.
        Assert.Equal(0, _tree.Fuse.Getattr(SharedTree.Root, out _));
        _tree.Guest.Connection.Shutdown();
        WaitUntilWaiting();
        int before = Descriptors();
        using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(_tree.BackEnd.Socket))
        {
            use(guest);
        }

        WaitUntilWaiting();
        WaitForDescriptors(before);
    }

    private void WaitUntilWaiting() => WaitFor(
        () => _tree.BackEnd.Share.State == DeviceEngine.Shares.ShareState.Waiting,
        () => $"The share is {_tree.BackEnd.Share.State}.");

    private static void WaitForDescriptors(int most) => WaitFor(
        () => Descriptors() <= most,
        () => $"There are {Descriptors()} descriptors instead of {most}: {string.Join(' ', Directory.GetFiles("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget))}");

    private static void WaitFor(Func<bool> holds, Func<string> otherwise)
    {
        long start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, otherwise());
            Thread.Sleep(10);
        }
    }

    // An assembly that the runtime loads late stays open for good, and is none of ours.
    private static int Descriptors() => Directory.GetFiles("/proc/self/fd").Count(path => Path.GetExtension(new FileInfo(path).LinkTarget) is not (".dll" or ".pdb"));
}
