using VirtioFs.Frontend.Wire;

namespace VirtioFs.Fuzz;

/// <summary>What a guest has learned from answers: node ids and handles, so that inputs get beyond the first check.</summary>
internal sealed class Knowledge
{
    private const int Most = 48;
    private readonly List<ulong> _nodes = [1];
    private readonly List<ulong> _handles = [];

    internal int Handles => _handles.Count;

    internal ulong Node(Choices choices) => choices.OneIn(12) ? choices.Interesting() : _nodes[choices.Below(_nodes.Count)];

    internal ulong Handle(Choices choices) =>
        _handles.Count == 0 || choices.OneIn(12) ? choices.Interesting() : _handles[choices.Below(_handles.Count)];

    internal void Clear()
    {
        _nodes.RemoveRange(1, _nodes.Count - 1);
        _handles.Clear();
    }

    /// <summary>Learns from what follows an answer's header.</summary>
    internal void Learn(FuseOpcode opcode, ReadOnlySpan<byte> body, Random random)
    {
        const int EntrySize = 128;
        bool isEntry = opcode is FuseOpcode.Lookup or FuseOpcode.Create or FuseOpcode.Mkdir or FuseOpcode.Mknod or FuseOpcode.Symlink
            or FuseOpcode.Link or FuseOpcode.Tmpfile or FuseOpcode.Readdirplus;
        if (isEntry && body.Length >= EntrySize)
        {
            Keep(_nodes, BitConverter.ToUInt64(body), random);
        }

        ReadOnlySpan<byte> open = opcode switch
        {
            FuseOpcode.Open or FuseOpcode.Opendir => body,
            FuseOpcode.Create or FuseOpcode.Tmpfile when body.Length > EntrySize => body[EntrySize..],
            _ => [],
        };
        if (open.Length >= sizeof(ulong))
        {
            Keep(_handles, BitConverter.ToUInt64(open), random);
        }
    }

    private static void Keep(List<ulong> known, ulong number, Random random)
    {
        if (known.Contains(number))
        {
            return;
        }

        if (known.Count < Most)
        {
            known.Add(number);
        }
        else
        {
            known[1 + random.Next(Most - 1)] = number;
        }
    }
}
