using System.Diagnostics;
using System.Runtime.InteropServices;
using VirtioFs.Frontend.Wire;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Server;
using VirtioFs.Fuse.Wrappers;
using VirtioFs.Linux;

namespace VirtioFs.Fuzz;

/// <summary>FUSE bytes, given to the server without a device in between. All is done on one thread, which the server prepares for good.</summary>
internal sealed unsafe class FuseTarget : IDisposable
{
    private const int ReplyRoom = 64 * 1024, HeaderSize = 40, ReplyHeaderSize = 16, MostWaiting = 16;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly Choices _choices = new();
    private readonly Corpus _corpus = new();
    private readonly Random _random;
    private readonly FuseServer[] _servers = new FuseServer[FuzzTree.Shares];
    private readonly FuseWorker[] _workers = new FuseWorker[FuzzTree.Shares];
    private readonly Knowledge[] _known;
    private readonly Queue<ulong>[] _waiting = [new(), new()];
    private readonly byte* _request = (byte*)NativeMemory.AllocZeroed(RequestGenerator.MaximumLength);
    private readonly byte* _reply = (byte*)NativeMemory.AllocZeroed(ReplyRoom);
    private ulong _unique = 1;

    internal FuseTarget(FuzzTree tree, ulong seed, string? configuration)
    {
        _random = new Random((int)seed);
        _choices.Seed(seed);
        _known = [new(), new()];
        for (int i = 0; i < _servers.Length; i++)
        {
            FuzzConfiguration way = FuzzConfiguration.Find(configuration, seed, i);
            _servers[i] = new FuseServer(SharedFileSystem.Open(way.PathIn(tree.Share(i)), way.Options));
            _workers[i] = _servers[i].CreateWorker();
            Initialize(i);
        }
    }

    internal Corpus Corpus => _corpus;

    /// <summary>Gives one input.</summary>
    internal void Step()
    {
        _choices.Begin(_corpus.Next(_random));
        int share = _choices.Below(_servers.Length);
        RequestGenerator generator = new(_choices, _known[share]);
        Queue<ulong> waiting = _waiting[share];
        generator.Make(_choices.OneIn(20) && waiting.Count > 0 ? waiting.Peek() : ++_unique, mayWait: true);
        generator.Bytes.CopyTo(new Span<byte>(_request, RequestGenerator.MaximumLength));
        int room = _choices.OneIn(30) ? _choices.Below(200) : ReplyRoom;
        long start = Stopwatch.GetTimestamp();
        FuseOutcome outcome = Answer(share, generator.Bytes.Length, room, (Patience)_choices.Below(3), out uint written);
        if (outcome == FuseOutcome.WouldBlock)
        {
            outcome = Answer(share, generator.Bytes.Length, room, Patience.Long, out written);
        }

        if (outcome is FuseOutcome.WouldWait or FuseOutcome.WouldWaitForRelease)
        {
            Wait(share);
        }

        if (Stopwatch.GetElapsedTime(start) > s_limit)
        {
            throw new FuzzFinding($"{generator.Opcode} took {Stopwatch.GetElapsedTime(start)}.");
        }

        int error = Check(share, generator, outcome, written, room);
        _corpus.Note(_choices, (int)generator.Opcode, error, (int)outcome);
        if (!_servers[share].IsInitialized)
        {
            _known[share].Clear();
            Initialize(share);
        }
    }

    /// <summary>Lets a request go on waiting; of many, the first gives up.</summary>
    private void Wait(int share)
    {
        Queue<ulong> waiting = _waiting[share];
        waiting.Enqueue(_unique);
        if (waiting.Count > MostWaiting || _choices.OneIn(4))
        {
            _servers[share].Abandon(waiting.Dequeue());
        }
    }

    /// <summary>The input that was given last, for a report.</summary>
    internal string Describe() => Convert.ToHexString(new ReadOnlySpan<byte>(_request, 256));

    public void Dispose()
    {
        for (int i = 0; i < _servers.Length; i++)
        {
            _workers[i].Dispose();
            _servers[i].Dispose();
        }

        NativeMemory.Free(_request);
        NativeMemory.Free(_reply);
    }

    private FuseOutcome Answer(int share, int length, int room, Patience patience, out uint written)
    {
        // Cut into pieces at places that depend on the input.
        int first = Math.Min(length, 1 + (_choices.Byte() & 63));
        int second = Math.Min(length - first, 1 + _choices.Byte());
        int head = Math.Min(room, 1 + (_choices.Byte() & 31));
        ReadOnlySpan<IoVec> request =
        [
            new((nint)_request, (nuint)first),
            new((nint)_request + first, (nuint)second),
            new((nint)_request + first + second, (nuint)(length - first - second)),
        ];
        ReadOnlySpan<IoVec> reply = [new((nint)_reply, (nuint)head), new((nint)_reply + head, (nuint)(room - head))];
        return _workers[share].Answer(new FuseExchange(request, reply, _choices.OneIn(16)), patience, out written);
    }

    private int Check(int share, RequestGenerator generator, FuseOutcome outcome, uint written, int room)
    {
        if (outcome != FuseOutcome.Answered || written == 0)
        {
            return 1;
        }

        FuseOutHeader header = *(FuseOutHeader*)_reply;
        if (written > room || written < ReplyHeaderSize || header.Length != written || header.Unique != BitConverter.ToUInt64(generator.Bytes[8..])
            || header.Error > 0 || header.Error < -4095 || (header.Error != 0 && written != ReplyHeaderSize))
        {
            throw new FuzzFinding($"{generator.Opcode} was answered with {written} bytes: length {header.Length}, error {header.Error}, of {header.Unique}.");
        }

        ReadOnlySpan<byte> body = new(_reply + ReplyHeaderSize, (int)written - ReplyHeaderSize);
        FuzzTree.CheckBytes(body, share);
        if (header.Error == 0)
        {
            _known[share].Learn(generator.Opcode, body, _random);
        }

        return header.Error;
    }

    private void Initialize(int share)
    {
        new Span<byte>(_request, HeaderSize + sizeof(FuseInitIn)).Clear();
        *(FuseInHeader*)_request = new FuseInHeader { Length = (uint)(HeaderSize + sizeof(FuseInitIn)), Opcode = (uint)FuseOpcode.Init, Unique = 1 };
        ulong flags = (ulong)FuseInitFlags.LinuxGuest;
        *(FuseInitIn*)(_request + HeaderSize) = new FuseInitIn { Major = 7, Minor = 45, Flags = (uint)flags, Flags2 = (uint)(flags >> 32) };
        ReadOnlySpan<IoVec> request = [new((nint)_request, (nuint)(HeaderSize + sizeof(FuseInitIn)))];
        ReadOnlySpan<IoVec> reply = [new((nint)_reply, ReplyRoom)];
        _ = _workers[share].Answer(new FuseExchange(request, reply), Patience.Long, out _);
        if (!_servers[share].IsInitialized)
        {
            throw new FuzzFinding($"Share {share} did not begin a session: error {((FuseOutHeader*)_reply)->Error}.");
        }
    }
}
