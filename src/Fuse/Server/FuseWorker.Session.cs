using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>The session itself: INIT, DESTROY, INTERRUPT, and the references that the guest gives back.</summary>
public sealed unsafe partial class FuseWorker
{
    /// <summary>The protocol's major version.</summary>
    internal const uint Major = 7;

    /// <summary>The newest minor version that is understood.</summary>
    internal const uint Minor = 45;

    /// <summary>The oldest guest that is served: Linux 5.4's, the first with virtio-fs, speaks 7.31; 7.27 is as far as the layouts go.</summary>
    internal const uint OldestMinor = 27;

    /// <summary>Bytes of the largest read or write.</summary>
    public const uint MaximumWrite = 1024 * 1024;

    // Beside what is written, a request has at most the value of an extended attribute or a label, and names.
    private const uint MaximumRequest = MaximumWrite + (128 * 1024);

    private const int PageSize = 4096;

    private nint Initialize(ref RequestReader reader, ReplyWriter reply)
    {
        if (!reader.TryReadPrefix(InitIn.CompatibleSize, out InitIn offer))
        {
            return -Errno.EINVAL;
        }

        if (reply.Room < sizeof(InitOut))
        {
            return -Errno.EINVAL;
        }

        if (offer.Major > Major)
        {
            // The guest is to ask again with our version (fuse.h, "Version negotiation").
            return reply.Put(new InitOut { Major = Major, Minor = Minor });
        }

        if (offer.Major < Major || offer.Minor < OldestMinor)
        {
            return -Errno.EPROTO;
        }

        InitFlags offered = (InitFlags)offer.Flags;
        if (offered.Has(InitFlags.Extended))
        {
            // The words behind the first four: flags2 and unused ones.
            offered |= reader.TryRead(out uint flags2) ? (InitFlags)((ulong)flags2 << 32) : InitFlags.None;
        }

        // A guest that restarted without a DESTROY leaves a session behind.
        _server.Reset();
        InitFlags accepted = (_files.Initialize(offered) | InitFlags.MaximumPages | InitFlags.Extended) & offered;
        InitOut answer = new()
        {
            Major = Major,
            Minor = Minor,
            MaximumReadahead = offer.MaximumReadahead,
            Flags = (uint)accepted,
            Flags2 = (uint)((ulong)accepted >> 32),
            MaximumBackground = ushort.MaxValue,
            CongestionThreshold = ushort.MaxValue / 4 * 3,
            MaximumWrite = MaximumWrite,
            MaximumPages = (ushort)(MaximumWrite / PageSize),
            TimeGranularity = 1,
        };
        nint result = reply.Put(answer);
        _server.Begin(accepted);
        return result;
    }

    /// <summary>Asks for the end of a request that waits. EAGAIN for one that does not (yet): the guest asks again while it lacks the answer.</summary>
    private nint Interrupt(ref RequestReader reader)
    {
        if (!reader.TryRead(out InterruptIn arguments))
        {
            return -Errno.EINVAL;
        }

        return _server.TryInterrupt?.Invoke(arguments.Unique) == true ? 0 : -Errno.EAGAIN;
    }

    private nint Destroy()
    {
        _server.Reset();
        return 0;
    }

    private void Forget(in InHeader header, ref RequestReader reader)
    {
        if (!_server.IsInitialized)
        {
            return;
        }

        if (header.Opcode == FuseOpcode.Forget)
        {
            if (reader.TryRead(out ForgetIn forget))
            {
                _files.Forget(header.NodeId, forget.LookupCount);
            }

            return;
        }

        if (!reader.TryRead(out BatchForgetIn batch))
        {
            return;
        }

        // The guest says how many there are; how many there can be is a matter of the request's length. A session that ends meanwhile has
        // forgotten all by itself.
        for (uint i = 0; i < batch.Count && _server.IsInitialized && reader.TryRead(out ForgetOne one); i++)
        {
            _files.Forget(one.NodeId, one.LookupCount);
        }
    }
}
