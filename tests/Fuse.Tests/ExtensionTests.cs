using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VirtioFs.Fuse.ExtendedAttributeNames;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>
/// Extension blocks behind requests that make something (<c>FUSE_SECURITY_CTX</c>, <c>FUSE_CREATE_SUPP_GROUP</c>), with every kind of wrong length: the request is
/// carried out wholly, with the label as it was given, or not at all.
/// </summary>
[Collection(nameof(SlotMemoryTests))]
public sealed class ExtensionTests : IDisposable
{
    private const ulong Root = 1;
    private const string Name = "security.test", HostName = "user.guest.security.test", Label = "a label of some length";
    private const int HeaderBytes = 8;

    private static readonly uint[] s_numbers = [.. Enumerable.Range(0, 100).Select(number => (uint)number), 255, 256, 4096, 65535, 65536, 65537, 0x7fffffff, 0x80000000, 0xfffffff8, uint.MaxValue];

    private readonly ScratchDirectory _scratch = new();
    private readonly FuseGuest _guest;
    private readonly FuseOpcode _opcode = FuseOpcode.Create;

    public ExtensionTests() =>
        _guest = new FuseGuest(_scratch.Path, new PassthroughOptions { SecurityLabel = true, XattrMap = XattrMap.Parse(":map::user.guest.:") });

    public static TheoryData<FuseOpcode> Making { get; } =
        [FuseOpcode.Create, FuseOpcode.MakeNode, FuseOpcode.MakeDirectory, FuseOpcode.SymbolicLink, FuseOpcode.TemporaryFile];

    public void Dispose()
    {
        _guest.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [MemberData(nameof(Making))]
    public void A_label_is_taken_wherever_blocks_of_other_kinds_stand(FuseOpcode opcode)
    {
        foreach (byte[] blocks in (byte[][])[Context(), [.. Groups(1, 0), .. Context()], [.. Context(), .. Groups(1, 0)], [.. Block(77, [1, 2, 3, 4, 5, 6, 7, 8]), .. Context()]])
        {
            Assert.Equal(Labelled(opcode), Send(opcode, blocks));
        }
    }

    [Theory]
    [MemberData(nameof(Making))]
    public void Every_size_of_a_block(FuseOpcode opcode)
    {
        foreach (uint size in s_numbers)
        {
            byte[] block = Context();
            BinaryPrimitives.WriteUInt32LittleEndian(block, size);
            Assert.Equal(size == block.Length ? Labelled(opcode) : Errno.EINVAL, Send(opcode, block));
            block = Groups(1, 0);
            BinaryPrimitives.WriteUInt32LittleEndian(block, size);
            Assert.Equal(size == block.Length ? 0 : Errno.EINVAL, Send(opcode, block));
        }
    }

    [Theory]
    [MemberData(nameof(Making))]
    public void Every_size_of_a_label(FuseOpcode opcode)
    {
        foreach (uint size in s_numbers)
        {
            byte[] block = Context();
            BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(HeaderBytes), size);
            int room = block.Length - (2 * HeaderBytes) - Name.Length - 1;
            Assert.Equal(size > room ? Errno.EINVAL : size == 0 ? 0 : Labelled(opcode), Send(opcode, block));
        }
    }

    [Theory]
    [MemberData(nameof(Making))]
    public void Every_number_of_labels_or_groups(FuseOpcode opcode)
    {
        foreach (uint number in s_numbers)
        {
            byte[] block = Context();
            BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(4), number);
            int expected = number is 0 or > ExtensionHeader.Groups ? 0 : number == 1 ? Labelled(opcode) : Errno.EINVAL;
            int error = Send(opcode, block);
            Assert.True(error == expected || number == ExtensionHeader.Groups, $"{number} labels: error {error}.");
            Assert.Equal(number <= 1 ? 0 : Errno.EINVAL, Send(opcode, Groups(number, 0)));
        }
    }

    [Theory]
    [MemberData(nameof(Making))]
    public void Every_length_of_the_extensions_that_the_header_can_claim(FuseOpcode opcode)
    {
        byte[] block = Context();
        foreach (ushort claim in (ushort[])[.. Enumerable.Range(0, (block.Length / 8) + 20).Select(number => (ushort)number), 0x7fff, 0x8000, ushort.MaxValue])
        {
            int error = Send(opcode, block, claim);
            Assert.True(error == Errno.EINVAL || claim == block.Length / 8 || (claim == 0 && error == 0), $"{claim * 8} bytes of extensions: error {error}.");
        }
    }

    [Theory]
    [MemberData(nameof(Making))]
    public void Every_length_at_which_the_request_may_be_cut(FuseOpcode opcode)
    {
        byte[] block = Context();
        for (int length = 0; length < block.Length; length++)
        {
            Assert.Equal(Errno.EINVAL, Send(opcode, block[..length], (ushort)(block.Length / 8)));
        }
    }

    [Theory]
    [InlineData(0, Errno.EINVAL)]
    [InlineData(1, 0)]
    [InlineData(255, 0)]
    [InlineData(256, Errno.EINVAL)]
    public void Names_of_labels_are_names_of_attributes(int length, int expected)
    {
        // The host's name is longer, and its own bound is the same.
        int error = Send(_opcode, Context(new string('n', length)), checksLabel: false);
        Assert.True(error == expected || (length == 255 && error != 0), $"error {error}");
    }

    [Fact]
    public void A_name_without_an_end_is_none()
    {
        byte[] block = Context();
        block.AsSpan(2 * HeaderBytes).Fill((byte)'n');
        Assert.Equal(Errno.EINVAL, Send(_opcode, block));
    }

    private static byte[] Context(string name = Name) => Block(1, [.. Numbers((uint)Label.Length, 0), .. FuseGuest.Text(name), .. FuseGuest.Text(Label)[..^1]]);

    private static byte[] Groups(uint count, uint group) => Block(ExtensionHeader.Groups, Numbers(count, group));

    private static byte[] Block(uint type, byte[] content)
    {
        int length = (HeaderBytes + content.Length + 7) / 8 * 8;
        byte[] block = new byte[length];
        Numbers((uint)length, type).CopyTo(block, 0);
        content.CopyTo(block, HeaderBytes);
        return block;
    }

    private static byte[] Numbers(params uint[] numbers) => MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray();

    private static byte[] Arguments(FuseOpcode opcode) => opcode switch
    {
        FuseOpcode.Create => [.. Numbers(0x8042, 0x81a4, 0, 0), .. FuseGuest.Text("made")],
        FuseOpcode.MakeNode => [.. Numbers(0x81a4, 0, 0, 0), .. FuseGuest.Text("made")],
        FuseOpcode.MakeDirectory => [.. Numbers(0x1ed, 0), .. FuseGuest.Text("made")],
        FuseOpcode.SymbolicLink => [.. FuseGuest.Text("made"), .. FuseGuest.Text("target")],
        _ => [.. Numbers(0x8002, 0x8180, 0, 0), .. FuseGuest.Text("#1")],
    };

    // Links have no attributes of users (xattr(7)), which the labels are on this host.
    private static int Labelled(FuseOpcode opcode) => opcode == FuseOpcode.SymbolicLink ? Errno.EPERM : 0;

    /// <summary>Sends a request with blocks behind it, and looks at what it made. Answers its error number.</summary>
    private int Send(FuseOpcode opcode, byte[] blocks, ushort? claim = null, bool checksLabel = true)
    {
        byte[] arguments = Arguments(opcode);
        FuseReply reply = _guest.SendRaw(opcode, Root, [.. arguments, .. blocks], extensionLength: claim ?? (ushort)(blocks.Length / 8));
        string path = _scratch["made"];
        bool isThere = Path.Exists(path) || new FileInfo(path).LinkTarget is not null;
        Assert.Equal(reply.Error == 0 && opcode != FuseOpcode.TemporaryFile, isThere);
        if (isThere && checksLabel && opcode != FuseOpcode.SymbolicLink)
        {
            Assert.StartsWith(ReadLabel(path).TrimEnd('\0'), Label, StringComparison.Ordinal);
        }

        if (isThere)
        {
            Assert.Equal(0, _guest.Send(opcode == FuseOpcode.MakeDirectory ? FuseOpcode.RemoveDirectory : FuseOpcode.Unlink, Root, FuseGuest.Text("made")).Error);
        }

        return reply.Error;
    }

    private static unsafe string ReadLabel(string path)
    {
        const int Room = 256;
        byte* value = stackalloc byte[Room];
        using FileDescriptor file = new(Files.Open(path, OpenFlags.ReadOnly));
        fixed (byte* name = FuseGuest.Text(HostName))
        {
            nint length = ExtendedAttributes.Get(file.Value, name, value, Room);
            return length < 0 ? "" : System.Text.Encoding.UTF8.GetString(value, (int)length);
        }
    }
}
