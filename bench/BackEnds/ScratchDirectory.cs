using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Bench.BackEnds;

/// <summary>A directory inside of the share, made and filled through FUSE itself, and removed so afterwards.</summary>
internal sealed class ScratchDirectory
{
    /// <summary>Files in the directory that is listed and looked up in.</summary>
    public const int SmallFiles = 1000;

    private const ulong Root = 1;
    private const uint CreateForWriting = 0x8000 | 0x40 | 0x2, PermitAll = 0x1b6, PermitDirectory = 0x1ff;

    private readonly FuseClient _fuse;
    private readonly string _name;
    private readonly ulong _node;
    private readonly List<string> _files = [];
    private ulong _smallDirectory;
    private ulong[] _smallNodes = [];
    private (ulong Node, ulong Handle, long Bytes) _data;

    public ScratchDirectory(FuseClient fuse, string name)
    {
        (_fuse, _name) = (fuse, name);
        Check(fuse.Mkdir(Root, name, PermitDirectory, out FuseEntryOut entry), $"making '{name}'");
        _node = entry.NodeId;
    }

    /// <summary>The directory itself, for files that come and go.</summary>
    public ulong Node => _node;

    /// <summary>A directory of <see cref="SmallFiles"/> files of 100 bytes, and the node of each.</summary>
    public (ulong Directory, ulong[] Files) SmallFileDirectory()
    {
        if (_smallNodes.Length != 0)
        {
            return (_smallDirectory, _smallNodes);
        }

        Check(_fuse.Mkdir(_node, "small", PermitDirectory, out FuseEntryOut directory), "making a directory");
        _smallDirectory = directory.NodeId;
        _smallNodes = new ulong[SmallFiles];
        for (int i = 0; i < SmallFiles; i++)
        {
            Check(_fuse.Create(_smallDirectory, SmallFileName(i), CreateForWriting, PermitAll, out FuseCreateOut made), "making a file");
            Check(_fuse.Write(made.Entry.NodeId, made.Open.Handle, 0, new byte[100]), "writing a file");
            Check(_fuse.Release(made.Entry.NodeId, made.Open.Handle), "closing a file");
            _smallNodes[i] = made.Entry.NodeId;
        }

        return (_smallDirectory, _smallNodes);
    }

    /// <summary>The name of a small file, of a usual length.</summary>
    public static string SmallFileName(int number) => $"file-{number:00000}.txt";

    /// <summary>A file full of bytes, open for reading and writing.</summary>
    public (ulong Node, ulong Handle) DataFile(long bytes)
    {
        if (_data.Bytes >= bytes)
        {
            return (_data.Node, _data.Handle);
        }

        Check(_fuse.Create(_node, "data", CreateForWriting, PermitAll, out FuseCreateOut made), "making the data file");
        byte[] block = new byte[1 << 20];
        Random.Shared.NextBytes(block);
        for (long offset = 0; offset < bytes; offset += block.Length)
        {
            Check(_fuse.Write(made.Entry.NodeId, made.Open.Handle, (ulong)offset, block), "filling the data file");
        }

        Check(_fuse.Fsync(made.Entry.NodeId, made.Open.Handle), "flushing the data file");
        _files.Add("data");
        _data = (made.Entry.NodeId, made.Open.Handle, bytes);
        return (_data.Node, _data.Handle);
    }

    /// <summary>Removes everything.</summary>
    public void Remove()
    {
        if (_data.Bytes != 0)
        {
            _fuse.Release(_data.Node, _data.Handle);
        }

        _files.ForEach(file => _fuse.Unlink(_node, file));
        for (int i = 0; i < _smallNodes.Length; i++)
        {
            _fuse.Unlink(_smallDirectory, SmallFileName(i));
        }

        if (_smallNodes.Length != 0)
        {
            _fuse.Rmdir(_node, "small");
        }

        _fuse.Rmdir(Root, _name);
    }

    private static void Check(int result, string attempt)
    {
        if (result < 0)
        {
            throw new BackEndException($"In the share, {attempt} failed: {Errno.Describe(-result)}.");
        }
    }
}
