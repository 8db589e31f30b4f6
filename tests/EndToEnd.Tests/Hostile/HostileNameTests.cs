using System.Text;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.EndToEnd.Tests.Sharing;

namespace VirtioFs.EndToEnd.Tests.Hostile;

/// <summary>No operation takes a name that leads anywhere else, or that is none.</summary>
public sealed class HostileNameTests : IDisposable
{
    private const ulong Unique = 77;
    private readonly SharedTree _tree = new();
    private readonly ulong _directory, _outside;

    public HostileNameTests()
    {
        Directory.CreateDirectory(_tree.Host("directory/inner"));
        _tree.WriteOnHost("directory/good", "good");
        _tree.WriteOnHost("outside", "outside of the directory");
        _directory = _tree.Find("directory").NodeId;
        _outside = _tree.Find("outside").NodeId;
    }

    public static TheoryData<string> BadNames =>
    [
        "",
        ".",
        "..",
        "/",
        "//",
        "../outside",
        "inner/../../outside",
        "/tmp/virtiofs-must-not-appear",
        "good/",
        "inner/x",
        "./good",
        new string('x', 256),
        new string('x', 4096),
        new string('/', 255),
    ];

    public static TheoryData<FuseOpcode> NamingOpcodes =>
    [
        FuseOpcode.Lookup, FuseOpcode.Symlink, FuseOpcode.Mknod, FuseOpcode.Mkdir, FuseOpcode.Unlink, FuseOpcode.Rmdir,
        FuseOpcode.Rename, FuseOpcode.Rename2, FuseOpcode.Link, FuseOpcode.Create,
    ];

    public void Dispose() => _tree.Dispose();

    [Theory]
    [MemberData(nameof(BadNames))]
    public void Bad_names_are_refused_by_every_operation(string name)
    {
        string[] before = Everything();
        foreach (FuseOpcode opcode in NamingOpcodes.Select(row => row.Data))
        {
            Assert.True(Send(opcode, Terminated(name), "other\0"u8).Error < 0, $"{opcode} took the name '{name}'.");
        }

        Assert.Equal(before, Everything());
        Assert.Equal("outside of the directory", File.ReadAllText(_tree.Host("outside")));
        Assert.False(Path.Exists("/tmp/virtiofs-must-not-appear"), "A name from the guest began at the host's root.");
    }

    [Theory]
    [MemberData(nameof(BadNames))]
    public void Bad_new_names_are_refused_by_rename(string name)
    {
        string[] before = Everything();
        Assert.True(Send(FuseOpcode.Rename, "good\0"u8, Terminated(name)).Error < 0);
        Assert.True(Send(FuseOpcode.Rename2, "good\0"u8, Terminated(name)).Error < 0);
        Assert.Equal(before, Everything());
    }

    [Theory]
    [MemberData(nameof(NamingOpcodes))]
    public void A_name_without_an_end_is_refused(FuseOpcode opcode) =>
        Assert.True(Send(opcode, "good"u8, default).Error < 0);

    [Theory]
    [MemberData(nameof(NamingOpcodes))]
    public void A_name_ends_at_its_NUL(FuseOpcode opcode)
    {
        string[] before = Everything();
        RawReply reply = Send(opcode, "missing\0../outside\0"u8, default);
        if (opcode is FuseOpcode.Lookup or FuseOpcode.Unlink or FuseOpcode.Rmdir)
        {
            Assert.Contains(reply.Error, (int[])[-Errno.ENOENT, -Errno.EINVAL]);
        }

        Assert.DoesNotContain(Everything().Except(before), path => !path.StartsWith("directory/missing", StringComparison.Ordinal));
        Assert.True(File.Exists(_tree.Host("outside")));
    }

    [Fact]
    public void A_symlink_s_target_is_free_but_has_an_end()
    {
        Assert.True(Send(FuseOpcode.Symlink, "link\0"u8, "no end"u8).Error < 0);
        Assert.False(HostFile.Exists(_tree.Host("directory/link")));
    }

    private static byte[] Terminated(string name) => [.. Encoding.UTF8.GetBytes(name), 0];

    private string[] Everything() =>
        [.. Directory.EnumerateFileSystemEntries(_tree.HostRoot, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_tree.HostRoot, path)).Order()];

    private RawReply Send(FuseOpcode opcode, ReadOnlySpan<byte> name, ReadOnlySpan<byte> second)
    {
        FuseRequest request = _tree.Fuse.Call.Begin(opcode, _directory);
        switch (opcode)
        {
            case FuseOpcode.Mknod:
                request.Append(new FuseMknodIn { Mode = 0x81a4 });
                break;
            case FuseOpcode.Mkdir:
                request.Append(new FuseMkdirIn { Mode = 0x1ed });
                break;
            case FuseOpcode.Rename:
                request.Append(new FuseRenameIn { NewDirectory = _directory });
                break;
            case FuseOpcode.Rename2:
                request.Append(new FuseRename2In { NewDirectory = _directory });
                break;
            case FuseOpcode.Link:
                request.Append(new FuseLinkIn { OldNodeId = _outside });
                break;
            case FuseOpcode.Create:
                request.Append(new FuseCreateIn { Flags = HostFile.Raw(OpenFlags.O_RDWR | OpenFlags.O_CREAT), Mode = 0x81a4 });
                break;
        }

        request.Append(name);
        if (opcode is FuseOpcode.Symlink or FuseOpcode.Rename or FuseOpcode.Rename2)
        {
            request.Append(second);
        }

        return new RawReply(_tree.Fuse.TransactRaw(request.ToBytes(Unique), 4096)).AssertWellFormed(Unique, $"{opcode}");
    }
}
