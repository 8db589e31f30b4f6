using System.Runtime.InteropServices;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Server;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>Numbers and pieces that a guest chooses do not decide how long a request takes.</summary>
public sealed unsafe class RequestBoundTests : IDisposable
{
    private const ulong Root = 1;
    private const int PieceBytes = 1 << 20, Pieces = 1000, LongestRequest = (1 << 20) + (128 << 10);

    private readonly ScratchDirectory _scratch = new();
    private readonly FuseGuest _guest;
    private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed(2 * PieceBytes);

    public RequestBoundTests()
    {
        File.WriteAllText(_scratch["f"], "content");
        _guest = new FuseGuest(_scratch.Path);
    }

    public void Dispose()
    {
        _guest.Dispose();
        _scratch.Dispose();
        NativeMemory.Free(_memory);
    }

    /// <summary>A chain may name the same memory again and again, so that a gigabyte of entries costs the guest a megabyte.</summary>
    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(0u)]
    [InlineData(LongestRequest + 1u)]
    public void A_batch_that_claims_to_forget_more_than_a_request_can_hold_does_nothing(uint length)
    {
        ulong node = _guest.MustLookup(Root, "f").NodeId;
        PutBatch(node, uint.MaxValue, length);
        TimeSpan before = _guest.ProcessorTime;
        Assert.Equal(FuseOutcome.Answered, Send(Repeated()));
        Assert.InRange((_guest.ProcessorTime - before).TotalMilliseconds, 0, 50);
        Assert.Equal(0, _guest.Send(FuseOpcode.GetAttributes, node, default(GetAttributesIn)).Error);
    }

    [Fact]
    public void A_batch_forgets_as_many_as_its_length_has_room_for()
    {
        ulong node = _guest.MustLookup(Root, "f").NodeId;
        PutBatch(node, uint.MaxValue, LongestRequest);
        TimeSpan before = _guest.ProcessorTime;
        Assert.Equal(FuseOutcome.Answered, Send(Repeated()));
        Assert.InRange((_guest.ProcessorTime - before).TotalMilliseconds, 0, 500);
        Assert.Equal(Errno.ESTALE, _guest.Send(FuseOpcode.GetAttributes, node, default(GetAttributesIn)).Error);
    }

    [Fact]
    public void A_long_request_in_very_many_pieces_is_read_once_and_not_once_a_piece()
    {
        const int PieceLength = 32, Count = LongestRequest / PieceLength;
        ulong node = _guest.MustLookup(Root, "f").NodeId;
        PutBatch(node, uint.MaxValue, LongestRequest);
        IoVec[] pieces = [.. Enumerable.Range(0, Count).Select(i => new IoVec((nint)_memory + (i * PieceLength), PieceLength))];
        TimeSpan before = _guest.ProcessorTime;
        Assert.Equal(FuseOutcome.Answered, Send(pieces));
        Assert.InRange((_guest.ProcessorTime - before).TotalMilliseconds, 0, 500);
    }

    [Theory]
    [InlineData((1u << 20) + 1)]
    [InlineData(64u << 20)]
    public void More_is_not_written_at_once_than_was_agreed_on(uint size)
    {
        ulong node = _guest.MustLookup(Root, "f").NodeId;
        ulong handle = _guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 2 }).As<OpenOut>().Handle;
        int head = sizeof(InHeader) + sizeof(WriteIn);
        *(InHeader*)_memory = new InHeader { Length = (uint)head + size, Opcode = FuseOpcode.Write, Unique = 5, NodeId = node };
        *(WriteIn*)(_memory + sizeof(InHeader)) = new WriteIn { Handle = handle, Size = size };
        IoVec[] data = [.. Enumerable.Range(0, (int)(size / PieceBytes) + 1).Select(_ => new IoVec((nint)_memory + PieceBytes, PieceBytes))];
        OutHeader* answer = (OutHeader*)(_memory + PieceBytes);
        *answer = default;
        Send([new IoVec((nint)_memory, (nuint)head), .. data], [new IoVec((nint)answer, 4096)]);
        Assert.Equal(-Errno.EINVAL, answer->Error);
        Assert.Equal("content", File.ReadAllText(_scratch["f"]));
    }

    [Fact]
    public void A_copy_is_done_in_parts_that_end_soon()
    {
        ulong node = _guest.MustLookup(Root, "f").NodeId;
        ulong handle = _guest.Send(FuseOpcode.Open, node, new OpenIn { Flags = 2 }).As<OpenOut>().Handle;
        using (FileStream large = File.OpenWrite(_scratch["large"]))
        {
            large.SetLength(100 << 20);
        }

        ulong largeNode = _guest.MustLookup(Root, "large").NodeId;
        ulong source = _guest.Send(FuseOpcode.Open, largeNode, new OpenIn()).As<OpenOut>().Handle;
        CopyFileRangeIn copy = new() { SourceHandle = source, TargetNodeId = node, TargetHandle = handle, Length = ulong.MaxValue >> 1 };
        Assert.Equal(64ul << 20, _guest.Send(FuseOpcode.CopyFileRange64, largeNode, copy).As<CopyFileRangeOut>().BytesCopied);
    }

    private void PutBatch(ulong node, uint count, uint length)
    {
        *(InHeader*)_memory = new InHeader { Length = length, Opcode = FuseOpcode.BatchForget, Unique = 5 };
        *(BatchForgetIn*)(_memory + sizeof(InHeader)) = new BatchForgetIn { Count = count };
        ForgetOne* entries = (ForgetOne*)(_memory + sizeof(InHeader) + sizeof(BatchForgetIn));
        for (int i = 0; i < PieceBytes / sizeof(ForgetOne); i++)
        {
            entries[i] = new ForgetOne { NodeId = node, LookupCount = 1 };
        }
    }

    private IoVec[] Repeated() =>
        [new((nint)_memory, 2 * PieceBytes), .. Enumerable.Range(0, Pieces).Select(_ => new IoVec((nint)_memory + PieceBytes, PieceBytes))];

    private FuseOutcome Send(IoVec[] request, IoVec[]? reply = null)
    {
        FuseOutcome outcome = default;
        _guest.OnWorker(worker => outcome = worker.Answer(new FuseExchange(request, reply ?? []), Patience.Long, out _));
        return outcome;
    }
}
