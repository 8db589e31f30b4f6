using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>What becomes of a request that hangs while the guest's memory is taken from it.</summary>
public sealed unsafe class ParkedRequestTests : IDisposable
{
    private const int Size = 1 << 20, RequestBytes = 64, ReplyAddress = 4096, ReplyBytes = 100_000;

    private readonly FileDescriptor _file = new((int)LinuxException.Check(SharedMemory.Create("guest", Size), "Making memory failed"));
    private readonly GuestMemory _old;
    private readonly GuestMemory _fresh;
    private readonly RequestChain _chain = new();

    public ParkedRequestTests()
    {
        Assert.Null(FileMapping.TryCreate(_file.Value, 0, Size, out FileMapping? mapping));
        GuestMemory empty = GuestMemory.CreateEmpty();
        _old = empty.With(new RegionDescription(0, Size, 0, 0), mapping!);
        empty.LetGo();
        _fresh = _old.TryDuplicate()!;
        int hint = 0;
        _chain.Begin(0);
        _chain.Add(_old, new RingDescriptor(0, RequestBytes, 0, 0), ref hint);
        _chain.Add(_old, new RingDescriptor(ReplyAddress, ReplyBytes, RingDescriptor.Writable, 0), ref hint);
        _chain.Leave(_old, new HeadsInFlight(1));
    }

    public void Dispose()
    {
        _chain.Return();
        _old.LetGo();
        _fresh.LetGo();
        _file.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(ReplyBytes / 2)]
    [InlineData(ReplyBytes)]
    public void An_answer_is_whole_whenever_in_it_the_memory_is_replaced(int writtenBefore)
    {
        byte[] answer = new byte[ReplyBytes];
        Random.Shared.NextBytes(answer);
        Random.Shared.NextBytes(GuestBytes());
        List<IoVec> needed = [];
        _chain.AddNeeded(needed);
        _chain.Park(_fresh);
        Assert.True(_old.TryCutOff([.. needed]));

        // What was written after the copy and before the replacement lies in the guest's memory; the rest, in what took its place.
        answer.AsSpan(0, writtenBefore).CopyTo(GuestBytes());
        answer.AsSpan(writtenBefore).CopyTo(new Span<byte>((void*)_chain.Reply[0].Address, ReplyBytes)[writtenBefore..]);
        Assert.True(_chain.TryBringHome(ReplyBytes));

        Assert.Equal(answer, GuestBytes());
    }

    [Fact]
    public void What_is_kept_of_a_request_has_a_bound_however_often_it_describes_the_guests_memory()
    {
        const long Bound = 4 << 20;
        int hint = 0;
        _chain.Begin(0);
        for (int i = 0; i < 1000; i++)
        {
            _chain.Add(_old, new RingDescriptor(0, Size, 0, 0), ref hint);
        }

        for (int i = 0; i < 1000; i++)
        {
            _chain.Add(_old, new RingDescriptor(0, Size, RingDescriptor.Writable, 0), ref hint);
        }

        List<IoVec> needed = [];
        _chain.AddNeeded(needed);

        Assert.InRange(needed.Sum(piece => (long)piece.Length), 2 * Size, Bound);
        _chain.Park(_fresh);
        Assert.True(_chain.TryBringHome(Size));
    }

    private Span<byte> GuestBytes()
    {
        int hint = 0;
        Assert.True(_fresh.TryTranslate(ReplyAddress, ref hint, out nint address, out ulong _));
        return new Span<byte>((void*)address, ReplyBytes);
    }
}
