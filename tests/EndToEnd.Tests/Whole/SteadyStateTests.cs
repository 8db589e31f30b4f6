using VirtioFs.EndToEnd.Tests.Sharing;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Whole;

/// <summary>Requests that go on as before make no garbage, neither in the share nor in the guest that these tests play.</summary>
[Collection(AloneCollection.Name)]
public sealed class SteadyStateTests : IDisposable
{
    private const int WarmUp = 3000, Measured = 3000, Rounds = 5, Depth = 8, DataBytes = 1 << 20;

    // What the runtime itself may do meanwhile: far less than a byte a request.
    private const long Tolerated = Measured / 2;

    private readonly SharedTree _tree = new();
    private readonly FuseRequest[] _requests = new FuseRequest[Depth];
    private readonly ulong _node, _handle, _directoryHandle;

    public SteadyStateTests()
    {
        File.WriteAllBytes(_tree.Host("file"), new byte[2 * DataBytes]);
        (_node, _handle) = _tree.Open("file");
        Assert.Equal(0, _tree.Fuse.Opendir(SharedTree.Root, out FuseOpenOut open));
        _directoryHandle = open.Handle;
        for (int i = 0; i < Depth; i++)
        {
            _requests[i] = _tree.Fuse.CreateRequest(512, DataBytes);
        }
    }

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData(CompletionWait.Poll)]
    [InlineData(CompletionWait.Sleep)]
    public void Getattr(CompletionWait wait) =>
        AssertNoGarbage(wait, request => request.Begin(FuseOpcode.Getattr, _node).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>());

    [Fact]
    public void Lookup() =>
        AssertNoGarbage(CompletionWait.Poll, request => request.Begin(FuseOpcode.Lookup, SharedTree.Root).AppendName("file").Expect<FuseEntryOut>());

    [Fact]
    public void Readdirplus() =>
        AssertNoGarbage(CompletionWait.Poll, request => request.Begin(FuseOpcode.Readdirplus, SharedTree.Root)
            .Append(new FuseReadIn { Handle = _directoryHandle, Size = 4096 }).ExpectData(4096));

    [Theory]
    [InlineData(4 << 10)]
    [InlineData(64 << 10)]
    [InlineData(1 << 20)]
    public void Read(int bytes) =>
        AssertNoGarbage(CompletionWait.Poll, request => request.Begin(FuseOpcode.Read, _node)
            .Append(new FuseReadIn { Handle = _handle, Size = (uint)bytes }).ExpectData(bytes));

    [Theory]
    [InlineData(4 << 10)]
    [InlineData(64 << 10)]
    [InlineData(1 << 20)]
    public void Write(int bytes) =>
        AssertNoGarbage(CompletionWait.Poll, request => request.Begin(FuseOpcode.Write, _node)
            .Append(new FuseWriteIn { Handle = _handle, Size = (uint)bytes }).SendData(bytes).Expect<FuseWriteOut>());

    [Fact]
    public void Errors() =>
        AssertNoGarbage(CompletionWait.Poll, request => request.Begin(FuseOpcode.Lookup, SharedTree.Root).AppendName("missing").Expect<FuseEntryOut>());

    private void AssertNoGarbage(CompletionWait wait, Func<FuseRequest, FuseRequest> build)
    {
        Assert.SkipUnless(ServingBackEnd.Command is null, "Another process's garbage cannot be seen.");
        _tree.Guest.SetCompletionWait(wait);
        Run(build, WarmUp);

        // A round may see what the runtime does for itself; what requests leave is there in all of them.
        long garbage = long.MaxValue;
        for (int round = 0; round < Rounds && garbage > Tolerated; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Run(build, Measured);
            garbage = Math.Min(garbage, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.True(garbage <= Tolerated, $"{Measured} requests left {garbage} bytes of garbage.");
    }

    private void Run(Func<FuseRequest, FuseRequest> build, int count)
    {
        FuseClient fuse = _tree.Fuse;
        foreach (FuseRequest request in _requests)
        {
            fuse.Submit(build(request));
        }

        fuse.Kick();
        for (int done = 0; done < count; done++)
        {
            FuseRequest request = fuse.Receive();
            if (done < count - Depth)
            {
                fuse.Submit(build(request));
                fuse.Kick();
            }
        }
    }
}
