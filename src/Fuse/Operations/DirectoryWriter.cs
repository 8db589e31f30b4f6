using System.Runtime.CompilerServices;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.Fuse.Operations;

/// <summary>Lays directory entries out as READDIR and READDIRPLUS want them (<c>struct fuse_dirent</c>, <c>fuse_direntplus</c>).</summary>
public unsafe ref struct DirectoryWriter
{
    private readonly byte* _buffer;
    private readonly int _size;

    internal DirectoryWriter(byte* buffer, int size)
    {
        _buffer = buffer;
        _size = size;
    }

    /// <summary>Bytes used so far.</summary>
    public int Length { get; private set; }

    /// <summary>Whether an entry with a name of so many bytes fits.</summary>
    public readonly bool HasRoom(int nameLength, bool plus) => _size - Length >= Size(nameLength, plus);

    /// <summary>Adds a plain entry. <see cref="HasRoom"/> has been asked.</summary>
    public void Add(in DirectoryEntryHeader header, byte* name) => AddAt(Length, header, name, Size((int)header.NameLength, plus: false));

    /// <summary>Adds an entry with what its name leads to. <see cref="HasRoom"/> has been asked.</summary>
    public void AddPlus(in EntryOut entry, in DirectoryEntryHeader header, byte* name)
    {
        Unsafe.WriteUnaligned(_buffer + Length, entry);
        AddAt(Length + sizeof(EntryOut), header, name, Size((int)header.NameLength, plus: true));
    }

    private static int Size(int nameLength, bool plus) => (plus ? sizeof(EntryOut) : 0) + DirectoryEntryHeader.Size(nameLength);

    private void AddAt(int position, in DirectoryEntryHeader header, byte* name, int size)
    {
        byte* target = _buffer + position;
        Unsafe.WriteUnaligned(target, header);
        target += sizeof(DirectoryEntryHeader);
        Unsafe.CopyBlockUnaligned(target, name, header.NameLength);
        Length += size;
        // What lies between the name and the next entry goes to the guest as well: it is zero, not an old answer.
        new Span<byte>(target + header.NameLength, (int)(_buffer + Length - (target + header.NameLength))).Clear();
    }
}
