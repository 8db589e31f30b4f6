using System.Runtime.InteropServices;
using VirtioFs.Frontend.Wire;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Hostile;

/// <summary>A request of any wrong length gets an error, changes nothing that it should not, and ends nothing.</summary>
public sealed class RequestLengthTests : IDisposable
{
    private const int HeaderBytes = 40, Beyond = 64;
    private readonly SharedTree _tree = new();
    private readonly RequestCatalog _catalog;

    public RequestLengthTests() => _catalog = new RequestCatalog(_tree);

    public static TheoryData<FuseOpcode> Opcodes => [.. Enum.GetValues<FuseOpcode>()];

    public void Dispose() => _tree.Dispose();

    [Theory]
    [MemberData(nameof(Opcodes))]
    public void Every_length_with_a_truthful_header(FuseOpcode opcode)
    {
        (byte[] whole, int room) = _catalog.Make(opcode);
        // A chain of no pieces at all is the ring's matter.
        for (int length = room == 0 ? 1 : 0; length <= whole.Length + Beyond; length++)
        {
            byte[] request = new byte[length];
            whole.AsSpan(0, Math.Min(length, whole.Length)).CopyTo(request);
            if (length >= HeaderBytes)
            {
                MemoryMarshal.AsRef<FuseInHeader>(request.AsSpan()).Length = (uint)length;
            }

            Send(opcode, request, room, whole.Length, $"{opcode} of {length} instead of {whole.Length} bytes");
        }
    }

    [Theory]
    [MemberData(nameof(Opcodes))]
    public void Every_length_that_the_header_can_claim(FuseOpcode opcode)
    {
        (byte[] request, int room) = _catalog.Make(opcode);
        IEnumerable<uint> claims = Enumerable.Range(0, request.Length + Beyond).Select(claim => (uint)claim);
        foreach (uint claim in claims.Concat((uint[])[0x7fffffff, 0x80000000, uint.MaxValue]))
        {
            MemoryMarshal.AsRef<FuseInHeader>(request.AsSpan()).Length = claim;
            RawReply reply = Send(opcode, request, room, request.Length, $"{opcode} of {request.Length} bytes that claims {claim}");
            if (claim > request.Length && !reply.IsEmpty)
            {
                Assert.Equal(-Errno.EINVAL, reply.Error);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Opcodes))]
    public void Every_extension_length_that_the_header_can_claim(FuseOpcode opcode)
    {
        (byte[] request, int room) = _catalog.Make(opcode);
        foreach (ushort claim in (ushort[])[1, 2, 5, 10, 100, 0x8000, ushort.MaxValue])
        {
            MemoryMarshal.AsRef<FuseInHeader>(request.AsSpan()).ExtensionLength = claim;
            Send(opcode, request, room, request.Length, $"{opcode} that claims {claim * 8} bytes of extensions");
        }
    }

    private RawReply Send(FuseOpcode opcode, byte[] request, int room, int wholeLength, string what)
    {
        RawReply reply = new RawReply(_tree.Fuse.TransactRaw(request, room)).AssertWellFormed(RequestCatalog.Unique, what);
        if (request.Length < HeaderBytes)
        {
            Assert.True(reply.IsEmpty, $"{what}: there was nothing to answer.");
        }
        else if (RequestCatalog.IsForget(opcode))
        {
            Assert.True(reply.IsEmpty, $"{what}: it has no answer.");
        }
        else if (request.Length < wholeLength && !RequestCatalog.IsOptional(opcode))
        {
            // INIT and TMPFILE have words at their end that older guests do not send, or that nobody reads.
            bool mayBeShorter = opcode is FuseOpcode.Init or FuseOpcode.Tmpfile;
            Assert.True(reply.Error == -Errno.EINVAL || mayBeShorter, $"{what}: the answer was {reply.Error}.");
        }

        if (!reply.IsEmpty && reply.Error == 0)
        {
            _catalog.Refresh();
        }

        return reply;
    }
}
