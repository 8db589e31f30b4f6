using VirtioFs.Frontend.Wire;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Hostile;

/// <summary>A reply never gets larger than its room, and what cannot be answered is not done.</summary>
public sealed class ReplyRoomTests : IDisposable
{
    private const int HeaderBytes = 16;
    private readonly SharedTree _tree = new();
    private readonly RequestCatalog _catalog;

    public ReplyRoomTests() => _catalog = new RequestCatalog(_tree);

    public static TheoryData<FuseOpcode> Opcodes => [.. RequestCatalog.Answered];

    public static TheoryData<FuseOpcode> Makers =>
        [FuseOpcode.Symlink, FuseOpcode.Mknod, FuseOpcode.Mkdir, FuseOpcode.Link, FuseOpcode.Create];

    public void Dispose() => _tree.Dispose();

    [Theory]
    [MemberData(nameof(Opcodes))]
    public void Every_room_that_is_too_small(FuseOpcode opcode)
    {
        int room = _catalog.Make(opcode).ReplyRoom;
        for (int smaller = 0; smaller <= Math.Min(room, 400); smaller++)
        {
            (byte[] request, _) = _catalog.Make(opcode);
            string what = $"{opcode} with room for {smaller} bytes";
            RawReply reply = new RawReply(_tree.Fuse.TransactRaw(request, smaller)).AssertWellFormed(RequestCatalog.Unique, what);
            Assert.True(smaller >= HeaderBytes || reply.IsEmpty, what);
            if (!reply.IsEmpty && reply.Error == 0)
            {
                _catalog.Refresh();
            }
        }
    }

    [Theory]
    [MemberData(nameof(Makers))]
    public void Nothing_is_made_that_cannot_be_told(FuseOpcode opcode)
    {
        (byte[] request, int room) = _catalog.Make(opcode);
        foreach (int smaller in (int[])[HeaderBytes, HeaderBytes + 1, room - 1])
        {
            RawReply reply = new(_tree.Fuse.TransactRaw(request, smaller));
            Assert.True(reply.Error < 0);
            Assert.Empty(Directory.GetFileSystemEntries(_tree.Host("directory")));
        }
    }

    [Fact]
    public void Room_beyond_the_reply_is_left_alone()
    {
        (byte[] request, int room) = _catalog.Make(FuseOpcode.Getattr);
        RawReply reply = new RawReply(_tree.Fuse.TransactRaw(request, room + 1000)).AssertWellFormed(RequestCatalog.Unique, "GETATTR");
        Assert.Equal(room, reply.Bytes.Length);
    }
}
