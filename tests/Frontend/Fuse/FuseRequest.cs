using System.Runtime.InteropServices;
using System.Text;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Frontend.Fuse;

/// <summary>
/// One request's memory in the guest, used again and again, laid out as Linux' virtio-fs driver does: header, arguments and
/// pages that the device reads; header, results and pages that it writes.
/// </summary>
public sealed unsafe class FuseRequest
{
    private const int ResultBytes = 1024;

    private readonly GuestBuffer _header, _replyHeader, _results;
    private readonly GuestBuffer[] _readable, _writable;
    private int _argumentLength, _resultRoom, _dataSent, _dataRoom;
    private bool _hasReply = true;

    internal FuseRequest(GuestMemory memory, int slot, int argumentBytes, int dataBytes, int pieceBytes)
    {
        Slot = slot;
        PieceBytes = pieceBytes;
        _header = memory.Allocate(sizeof(FuseInHeader));
        ArgumentsBuffer = memory.Allocate(argumentBytes);
        _replyHeader = memory.Allocate(sizeof(FuseOutHeader));
        _results = memory.Allocate(ResultBytes);
        DataBuffer = memory.Allocate(dataBytes, 4096);
        int pieces = (dataBytes + pieceBytes - 1) / pieceBytes;
        _readable = new GuestBuffer[pieces + 2];
        _writable = new GuestBuffer[pieces + 2];
    }

    /// <summary>The caller that the request names: user id.</summary>
    public uint UserId { get; set; }

    /// <summary>The caller that the request names: group id.</summary>
    public uint GroupId { get; set; }

    /// <summary>The caller that the request names: process id.</summary>
    public uint ProcessId { get; set; } = 1;

    /// <summary>The length that the header claims, where it lies; the truth otherwise.</summary>
    public uint? ClaimedLength { get; set; }

    /// <summary>The length of extensions after the arguments that the header claims, in bytes.</summary>
    public int ExtensionLength { get; set; }

    /// <summary>Bytes of each piece of data; a Linux guest sends pages.</summary>
    public int PieceBytes { get; }

    /// <summary>Room for data either way.</summary>
    public GuestBuffer DataBuffer { get; }

    /// <summary>Where the arguments lie, for tests that change them while the device reads them.</summary>
    public GuestBuffer ArgumentsBuffer { get; }

    /// <summary>For whoever measures: when it was submitted.</summary>
    public long SubmittedAt { get; set; }

    /// <summary>For whoever pipelines: anything.</summary>
    public int Tag { get; set; }

    /// <summary>The operation that was begun last.</summary>
    public FuseOpcode Opcode { get; private set; }

    /// <summary>The request's number on the wire.</summary>
    public ulong Unique { get; internal set; }

    /// <summary>Zero or a negated error number, as the reply said.</summary>
    public int Error { get; private set; }

    /// <summary>Bytes of the whole reply, its header included.</summary>
    public int ReplyLength { get; private set; }

    /// <summary>The reply's header.</summary>
    public ref FuseOutHeader ReplyHeader => ref _replyHeader.At<FuseOutHeader>(0);

    /// <summary>The request's header, for tests that change it after <see cref="FuseClient.Prepare"/>.</summary>
    public ref FuseInHeader Header => ref _header.At<FuseInHeader>(0);

    /// <summary>Bytes of data that the reply has after its results.</summary>
    public int DataLength => Math.Max(0, ReplyLength - sizeof(FuseOutHeader) - _resultRoom);

    /// <summary>The data that the reply has after its results.</summary>
    public ReadOnlySpan<byte> Data => DataBuffer.Span[..DataLength];

    /// <summary>The results that the reply has after its header, as far as it has them.</summary>
    public ReadOnlySpan<byte> Results => _results.Span[..Math.Clamp(ReplyLength - sizeof(FuseOutHeader), 0, _resultRoom)];

    internal int Slot { get; }

    /// <summary>Whether it is not in flight.</summary>
    public bool IsDone { get; internal set; } = true;

    internal bool HasReply => _hasReply;

    /// <summary>Bytes that the request has room for in the reply, its header included.</summary>
    public int ReplyRoom => _hasReply ? sizeof(FuseOutHeader) + _resultRoom + _dataRoom : 0;

    /// <summary>Begins a request anew.</summary>
    public FuseRequest Begin(FuseOpcode opcode, ulong nodeId)
    {
        Opcode = opcode;
        Header = new FuseInHeader
        {
            Opcode = (uint)opcode,
            NodeId = nodeId,
            UserId = UserId,
            GroupId = GroupId,
            ProcessId = ProcessId,
        };
        (_argumentLength, _resultRoom, _dataSent, _dataRoom) = (0, 0, 0, 0);
        (_hasReply, ClaimedLength, ExtensionLength) = (true, null, 0);
        return this;
    }

    /// <summary>Adds a structure to the arguments.</summary>
    public FuseRequest Append<T>(in T argument)
        where T : unmanaged
    {
        ArgumentsBuffer.At<T>(_argumentLength) = argument;
        _argumentLength += sizeof(T);
        return this;
    }

    /// <summary>Adds bytes to the arguments.</summary>
    public FuseRequest Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(ArgumentsBuffer.Span[_argumentLength..]);
        _argumentLength += bytes.Length;
        return this;
    }

    /// <summary>Adds a name and its terminating NUL to the arguments.</summary>
    public FuseRequest AppendName(ReadOnlySpan<char> name)
    {
        _argumentLength += Encoding.UTF8.GetBytes(name, ArgumentsBuffer.Span[_argumentLength..]);
        ArgumentsBuffer.Span[_argumentLength++] = 0;
        return this;
    }

    /// <summary>Sends the first bytes of <see cref="DataBuffer"/> after the arguments.</summary>
    public FuseRequest SendData(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, DataBuffer.Length);
        _dataSent = length;
        return this;
    }

    /// <summary>Makes room for a structure in the reply.</summary>
    public FuseRequest Expect<T>()
        where T : unmanaged => Expect(sizeof(T));

    /// <summary>Makes room for so many bytes of results in the reply, which is answered in full or not at all.</summary>
    public FuseRequest Expect(int resultBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(resultBytes, ResultBytes);
        _resultRoom = resultBytes;
        return this;
    }

    /// <summary>Makes room for data of any length up to this in the reply.</summary>
    public FuseRequest ExpectData(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, DataBuffer.Length);
        _dataRoom = length;
        return this;
    }

    /// <summary>The request has no room for a reply, as FORGET.</summary>
    public FuseRequest WithoutReply()
    {
        _hasReply = false;
        return this;
    }

    /// <summary>The reply's structure.</summary>
    /// <exception cref="BackEndException">The reply is shorter or an error.</exception>
    public ref readonly T Result<T>()
        where T : unmanaged
    {
        if (Error != 0 || Results.Length < sizeof(T))
        {
            throw new BackEndException($"The reply to {Opcode} has {Results.Length} bytes of results and error {Error} instead of {sizeof(T)} bytes.");
        }

        return ref MemoryMarshal.AsRef<T>(Results);
    }

    /// <summary>The whole request as it would go out, for tests that change it and send it raw.</summary>
    /// <param name="unique">Its number.</param>
    public byte[] ToBytes(ulong unique)
    {
        Seal(unique);
        return [.. _header.Span, .. ArgumentsBuffer.Span[.._argumentLength], .. DataBuffer.Span[.._dataSent]];
    }

    /// <summary>Writes the header's length and number.</summary>
    internal void Seal(ulong unique)
    {
        Unique = unique;
        Header.Unique = unique;
        Header.Length = ClaimedLength ?? (uint)(sizeof(FuseInHeader) + _argumentLength + _dataSent);
        Header.ExtensionLength = (ushort)(ExtensionLength / 8);
    }

    /// <summary>The pieces that the device reads.</summary>
    internal ReadOnlySpan<GuestBuffer> ReadablePieces()
    {
        int count = 0;
        _readable[count++] = _header;
        if (_argumentLength != 0)
        {
            _readable[count++] = ArgumentsBuffer.Slice(0, _argumentLength);
        }

        AddPages(_readable, ref count, _dataSent);
        return _readable.AsSpan(0, count);
    }

    /// <summary>The pieces that the device writes.</summary>
    internal ReadOnlySpan<GuestBuffer> WritablePieces()
    {
        if (!_hasReply)
        {
            return [];
        }

        int count = 0;
        _writable[count++] = _replyHeader;
        if (_resultRoom != 0)
        {
            _writable[count++] = _results.Slice(0, _resultRoom);
        }

        AddPages(_writable, ref count, _dataRoom);
        return _writable.AsSpan(0, count);
    }

    /// <summary>Notes what the used ring and the reply's header say.</summary>
    internal void Finish(uint length)
    {
        ReplyLength = (int)length;
        Error = length >= sizeof(FuseOutHeader) ? ReplyHeader.Error : 0;
    }

    private void AddPages(GuestBuffer[] pieces, ref int count, int length)
    {
        for (int offset = 0; offset < length; offset += PieceBytes)
        {
            pieces[count++] = DataBuffer.Slice(offset, Math.Min(PieceBytes, length - offset));
        }
    }
}
