using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Server;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wrappers;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>Plays a guest on top of a <see cref="FuseServer"/>, without a device in between; its worker has a thread of its own.</summary>
internal sealed unsafe partial class FuseGuest : IDisposable
{
    internal const int ReplyRoom = 256 * 1024;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;
    private readonly byte* _request = (byte*)NativeMemory.Alloc(2 * 1024 * 1024);
    private readonly byte* _reply = (byte*)NativeMemory.Alloc(2 * 1024 * 1024);
    private FuseWorker? _worker;
    private readonly bool _ownsServer = true;
    private ulong _unique = 1;
    private FuseOutcome _outcome;

    internal FuseGuest(string path, PassthroughOptions? options = null, InitFlags offered = (InitFlags)ulong.MaxValue, bool initialize = true)
    {
        IFileSystem files = SharedFileSystem.Open(path, options ?? new PassthroughOptions());
        Files = (files as PassthroughFileSystem)!;
        Server = new FuseServer(files);
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
        if (initialize)
        {
            Assert.Equal(0, Initialize(offered).Error);
        }
    }

    /// <summary>Another queue of the same guest: a worker and a thread more.</summary>
    internal FuseGuest(FuseGuest first)
    {
        (Files, Server, _ownsServer) = (first.Files, first.Server, false);
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    internal FuseServer Server { get; }

    internal PassthroughFileSystem Files { get; }

    /// <summary>The number that the next request will have.</summary>
    internal ulong NextUnique
    {
        get => _unique;
        set => _unique = value;
    }

    internal uint UserId { get; set; }

    internal uint GroupId { get; set; }

    public void Dispose()
    {
        OnWorkerThread(() => _worker!.Dispose());
        _work.CompleteAdding();
        _thread.Join();
        if (_ownsServer)
        {
            Server.Dispose();
        }

        NativeMemory.Free(_request);
        NativeMemory.Free(_reply);
    }

    internal FuseReply Initialize(InitFlags offered, uint major = 7, uint minor = 45)
    {
        InitIn offer = new() { Major = major, Minor = minor, Flags = (uint)offered, Flags2 = (uint)((ulong)offered >> 32) };
        return Send(FuseOpcode.Initialize, 0, offer);
    }

    internal FuseReply Lookup(ulong parent, string name) => Send(FuseOpcode.Lookup, parent, Text(name));

    internal EntryOut MustLookup(ulong parent, string name)
    {
        FuseReply reply = Lookup(parent, name);
        Assert.Equal(0, reply.Error);
        return reply.As<EntryOut>();
    }

    internal FuseReply Send<T>(FuseOpcode opcode, ulong node, T arguments, params byte[][] rest) where T : unmanaged =>
        Send(opcode, node, [MemoryMarshal.AsBytes(new Span<T>(ref arguments)).ToArray(), .. rest]);

    internal FuseReply Send(FuseOpcode opcode, ulong node, params byte[][] parts) => SendRaw(opcode, node, parts.SelectMany(part => part).ToArray());

    internal FuseReply SendRaw(FuseOpcode opcode, ulong node, byte[] body, uint? length = null, ushort extensionLength = 0, int replyRoom = ReplyRoom)
    {
        InHeader header = new()
        {
            Length = length ?? (uint)(sizeof(InHeader) + body.Length),
            Opcode = opcode,
            Unique = _unique++,
            NodeId = node,
            UserId = UserId,
            GroupId = GroupId,
            ExtensionLength = extensionLength,
        };
        FuseReply? answer = null;
        OnWorkerThread(() =>
        {
            *(InHeader*)_request = header;
            body.CopyTo(new Span<byte>(_request + sizeof(InHeader), body.Length));
            uint written = Exchange((uint)(sizeof(InHeader) + body.Length), (uint)replyRoom);
            answer = _outcome != FuseOutcome.Answered ? new FuseReply(FuseReply.NotYet, []) : FuseReply.From(new ReadOnlySpan<byte>(_reply, (int)written), header.Unique);
        });
        return answer!;
    }

    /// <summary>Sends one prepared request again and again on the worker's thread, and answers the managed bytes that it allocated.</summary>
    internal long AllocatedBy<T>(FuseOpcode opcode, ulong node, T arguments, int times) where T : unmanaged
    {
        long allocated = 0;
        OnWorkerThread(() =>
        {
            *(InHeader*)_request = new InHeader { Length = (uint)(sizeof(InHeader) + sizeof(T)), Opcode = opcode, Unique = 7, NodeId = node };
            *(T*)(_request + sizeof(InHeader)) = arguments;
            uint length = (uint)(sizeof(InHeader) + sizeof(T));
            for (int i = 0; i < times; i++)
            {
                _ = Exchange(length, ReplyRoom);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < times; i++)
            {
                _ = Exchange(length, ReplyRoom);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        });
        return allocated;
    }

    /// <summary>What the worker's thread has cost the processor: not more where the machine is busy.</summary>
    internal TimeSpan ProcessorTime
    {
        get
        {
            const int ThreadProcessorTime = 3;
            long* time = stackalloc long[2];
            nint room = (nint)time;
            OnWorkerThread(() => Assert.Equal(0, clock_gettime(ThreadProcessorTime, room)));
            return TimeSpan.FromSeconds(time[0]) + TimeSpan.FromMicroseconds(time[1] / 1000.0);
        }
    }

    /// <summary>Uses the worker on its own thread.</summary>
    internal void OnWorker(Action<FuseWorker> use) => OnWorkerThread(() => use(_worker!));

    /// <summary>Runs something on the thread of the worker, and hands its exceptions on.</summary>
    internal void OnWorkerThread(Action action)
    {
        using ManualResetEventSlim done = new();
        Exception? failure = null;
        _work.Add(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }

            done.Set();
        });
        Assert.True(done.Wait(TimeSpan.FromSeconds(30)), "The worker did not answer within 30 seconds.");
        if (failure is not null)
        {
            throw new InvalidOperationException("The worker threw.", failure);
        }
    }

    internal static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, nint time);

    private uint Exchange(uint length, uint replyRoom)
    {
        // In three pieces each, cut where nothing else ends, so that crossing a border is the ordinary case.
        uint first = Math.Min(length, 13);
        uint second = Math.Min(length - first, 50);
        ReadOnlySpan<IoVec> request =
        [
            new((nint)_request, first), new((nint)_request + (nint)first, second), new((nint)_request + (nint)(first + second), length - first - second),
        ];
        uint head = Math.Min(replyRoom, 9);
        ReadOnlySpan<IoVec> reply = [new((nint)_reply, head), new((nint)_reply + (nint)head, replyRoom - head)];
        FuseOutcome outcome = _worker!.Answer(new FuseExchange(request, reply), Patience.Long, out uint written);
        _outcome = outcome;
        return written;
    }

    private void Run()
    {
        _worker = Server.CreateWorker();
        foreach (Action action in _work.GetConsumingEnumerable())
        {
            action();
        }
    }
}
