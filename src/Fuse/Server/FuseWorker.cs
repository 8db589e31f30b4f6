using System.Runtime.InteropServices;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>One thread's part of a <see cref="FuseServer"/>: takes a request apart, calls the file system, lays the answer down.</summary>
public sealed unsafe partial class FuseWorker : IDisposable
{
    private readonly FuseServer _server;
    private readonly IFileSystem _files;
    private readonly RequestContext _context;
    private readonly WorkerMemory _memory = new();
    private InHeader _header;

    internal FuseWorker(FuseServer server)
    {
        _server = server;
        _files = server.FileSystem;
        RequestThread thread = RequestThread.Enter();
        server.Jail?.Enter(thread);
        _context = new RequestContext(thread, _memory.DirectoryReply);
    }

    /// <summary>The number of the request that was given last.</summary>
    public ulong Unique => _header.Unique;

    /// <summary>
    /// The header of the request that was given last, as it was read: whoever gives the request again gives this one, since the guest may
    /// have changed its own.
    /// </summary>
    public ReadOnlySpan<byte> Header => MemoryMarshal.AsBytes(new ReadOnlySpan<InHeader>(in _header));

    internal OperationCounters Counters { get; } = new();

    /// <summary>Answers one request.</summary>
    /// <param name="exchange">The request and the room for the answer.</param>
    /// <param name="patience">How long it may take; what would take longer is given back undone.</param>
    /// <param name="replyLength">Bytes written into the reply pieces.</param>
    public FuseOutcome Answer(FuseExchange exchange, Patience patience, out uint replyLength)
    {
        RequestReader reader = new(exchange);
        ReplyWriter reply = new(exchange);
        replyLength = 0;
        long begin = BeginObservation();
        ref readonly InHeader header = ref _header;
        if (!reader.TryRead(out _header))
        {
            Counters.NoteMalformed();
            return FuseOutcome.Answered;
        }

        if (IsForget(header.Opcode))
        {
            if (header.Length > MaximumRequest || !reader.TrySetEnd(header.Length))
            {
                Counters.NoteMalformed();
                return FuseOutcome.Answered;
            }

            Forget(header, ref reader);
            NoteAnswer(header, 0, begin);
            return FuseOutcome.Answered;
        }

        if (reply.Room < 0)
        {
            Counters.NoteMalformed();
            return FuseOutcome.Answered;
        }

        nint result = Begin(header, ref reader, patience);
        result = result < 0 ? result : Dispatch(header, ref reader, reply);
        if (result is FileSystemResult.WouldBlock or FileSystemResult.WouldWait or FileSystemResult.WouldWaitForRelease)
        {
            return result == FileSystemResult.WouldBlock ? FuseOutcome.WouldBlock
                : result == FileSystemResult.WouldWait ? FuseOutcome.WouldWait : FuseOutcome.WouldWaitForRelease;
        }

        NoteAnswer(header, result, begin);
        replyLength = reply.Finish(header.Unique, result);
        return FuseOutcome.Answered;
    }

    /// <summary>Frees the scratch memory; the counts stay with the server.</summary>
    public void Dispose()
    {
        _server.Remove(this);
        _memory.Dispose();
    }

    private static bool IsForget(FuseOpcode opcode) => opcode is FuseOpcode.Forget or FuseOpcode.BatchForget;

    /// <summary>Holds the header against what really came, and takes the extensions off the end. Zero, or a negated error number.</summary>
    private nint Begin(in InHeader header, ref RequestReader reader, Patience patience)
    {
        if (!_server.IsInitialized && header.Opcode != FuseOpcode.Initialize)
        {
            return -Errno.EIO;
        }

        _context.Begin(header, _server.Negotiated, patience);
        long extension = header.ExtensionLength * 8L;
        if (header.Length > MaximumRequest || !reader.TrySetEnd(header.Length) || reader.Remaining < extension)
        {
            return -Errno.EINVAL;
        }

        if (extension == 0)
        {
            return 0;
        }

        RequestReader extensions = reader;
        bool good = extensions.TrySkip(reader.Remaining - extension) && TryReadExtensions(ref extensions);
        return good && reader.TrySetEnd(header.Length - extension) ? 0 : -Errno.EINVAL;
    }

    private nint Dispatch(in InHeader header, ref RequestReader reader, ReplyWriter reply) => header.Opcode switch
    {
        FuseOpcode.Lookup => Lookup(header, ref reader, reply),
        FuseOpcode.GetAttributes => GetAttributes(header, ref reader, reply),
        FuseOpcode.Read => Read(header, ref reader, reply),
        FuseOpcode.Write => Write(header, ref reader, reply),
        FuseOpcode.ReadDirectoryPlus => ReadDirectory(header, ref reader, reply, plus: true),
        FuseOpcode.Open => Open(header, ref reader, reply),
        FuseOpcode.Release => Release(header, ref reader),
        FuseOpcode.Flush => Flush(header, ref reader),
        FuseOpcode.Create => Create(header, ref reader, reply),
        FuseOpcode.Unlink => Unlink(header, ref reader),
        FuseOpcode.SetAttributes => SetAttributes(header, ref reader, reply),
        FuseOpcode.OpenDirectory => OpenDirectory(header, ref reader, reply),
        FuseOpcode.ReadDirectory => ReadDirectory(header, ref reader, reply, plus: false),
        FuseOpcode.ReleaseDirectory => ReleaseDirectory(header, ref reader),
        FuseOpcode.SyncDirectory => SyncDirectory(header, ref reader),
        FuseOpcode.Sync => Sync(header, ref reader),
        FuseOpcode.ReadLink => ReadLink(header, reply),
        FuseOpcode.SymbolicLink => MakeSymbolicLink(header, ref reader, reply),
        FuseOpcode.MakeNode => MakeNode(header, ref reader, reply),
        FuseOpcode.MakeDirectory => MakeDirectory(header, ref reader, reply),
        FuseOpcode.RemoveDirectory => RemoveDirectory(header, ref reader),
        FuseOpcode.Rename => Rename(header, ref reader),
        FuseOpcode.Rename2 => Rename2(header, ref reader),
        FuseOpcode.Link => Link(header, ref reader, reply),
        FuseOpcode.TemporaryFile => CreateTemporary(header, ref reader, reply),
        FuseOpcode.ExtendedStatus => GetExtendedStatus(header, ref reader, reply),
        FuseOpcode.Access => Access(header, ref reader),
        FuseOpcode.FileSystemStatus => GetFileSystemStatus(header, reply),
        FuseOpcode.SyncFileSystem => SyncFileSystem(header, ref reader),
        FuseOpcode.Seek => Seek(header, ref reader, reply),
        FuseOpcode.Allocate => Allocate(header, ref reader),
        FuseOpcode.CopyFileRange => CopyFileRange(header, ref reader, reply, wide: false),
        FuseOpcode.CopyFileRange64 => CopyFileRange(header, ref reader, reply, wide: true),
        FuseOpcode.GetExtendedAttribute => GetExtendedAttribute(header, ref reader, reply),
        FuseOpcode.SetExtendedAttribute => SetExtendedAttribute(header, ref reader),
        FuseOpcode.ListExtendedAttributes => ListExtendedAttributes(header, ref reader, reply),
        FuseOpcode.RemoveExtendedAttribute => RemoveExtendedAttribute(header, ref reader),
        FuseOpcode.GetLock => GetLock(header, ref reader, reply),
        FuseOpcode.SetLock => SetLock(header, ref reader, wait: false),
        FuseOpcode.SetLockWait => SetLock(header, ref reader, wait: true),
        FuseOpcode.Control => Control(header, ref reader, reply),
        FuseOpcode.Poll => Poll(header, ref reader, reply),
        FuseOpcode.Interrupt => Interrupt(ref reader),
        FuseOpcode.Initialize => Initialize(ref reader, reply),
        FuseOpcode.Destroy => Destroy(),
        _ => -Errno.ENOSYS,
    };

    private bool TryReadExtensions(ref RequestReader extensions)
    {
        while (extensions.Remaining > 0)
        {
            long before = extensions.Remaining;
            if (!extensions.TryRead(out ExtensionHeader header) || header.Size % 8 != 0 || header.Size < sizeof(ExtensionHeader) || header.Size > before)
            {
                return false;
            }

            RequestReader content = extensions;
            bool good = extensions.TrySkip(header.Size - (uint)sizeof(ExtensionHeader));
            good = good && content.TrySetRemaining(header.Size - (uint)sizeof(ExtensionHeader));
            good = good && header.Type switch
            {
                ExtensionHeader.Groups => TryReadSupplementaryGroup(ref content),
                <= ExtensionHeader.MaximumSecurityContexts => TryReadSecurityContext(ref content, header.Type),
                _ => true,
            };
            if (!good)
            {
                return false;
            }
        }

        return true;
    }

    private bool TryReadSupplementaryGroup(ref RequestReader content)
    {
        if (!content.TryRead(out uint count) || count > 1)
        {
            return false;
        }

        if (count == 1)
        {
            if (!content.TryRead(out uint group))
            {
                return false;
            }

            _context.SupplementaryGroup = group;
        }

        return true;
    }

    private bool TryReadSecurityContext(ref RequestReader content, uint count)
    {
        // Linux sends none, for which the header stands alone, or one (fs/fuse/dir.c): size, padding, name, value.
        if (count == 0)
        {
            return true;
        }

        bool good = content.TryRead(out ExtensionHeader context)
            && context.Size <= ExtendedAttributes.MaximumValueSize
            && content.TryReadText(_memory.SecurityText, ExtendedAttributes.MaximumNameSize, out int length)
            && length is > 0 and <= ExtendedAttributes.MaximumNameSize
            && content.TryRead(_memory.Value, context.Size);
        if (good && context.Size > 0)
        {
            _context.SecurityName = _memory.SecurityText;
            _context.SecurityValue = _memory.Value;
            _context.SecurityValueSize = context.Size;
        }

        return good && count == 1;
    }
}
