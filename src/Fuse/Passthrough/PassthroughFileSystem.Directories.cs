using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Inodes;
using VirtioFs.Fuse.Passthrough.Mounts;
using VirtioFs.Fuse.Passthrough.OpenFiles;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>Open directories.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    private readonly DirectoryStreams _streams = new();

    /// <inheritdoc/>
    public int OpenDirectory(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        open = default;
        int result = _inodes.Pin(node, out InodePin pin);
        using (pin)
        {
            if (result < 0)
            {
                return result;
            }

            if (pin.Slot->Type != FileStatus.Directory)
            {
                return -Errno.ENOTDIR;
            }

            if (!_open.HasRoom)
            {
                return -Errno.ENFILE;
            }

            int descriptor = OpenInode(pin, OpenFlags.ReadOnly | OpenFlags.Directory);
            if (descriptor < 0)
            {
                return descriptor;
            }

            open.Flags = _rules.OpenDirectory;
            open.Handle = _open.Add(descriptor, node, pin.Slot->Mount, isDirectory: true);
            pin.Slot->LastOpen = open.Handle;
            return open.Handle == 0 ? -Errno.ENFILE : 0;
        }
    }

    /// <inheritdoc/>
    public int ReadDirectory(RequestContext request, ulong node, in ReadIn arguments, bool plus, ref DirectoryWriter writer)
    {
        int result = _open.Pin(arguments.Handle, node, isDirectory: true, out OpenFilePin directory);
        using (directory)
        {
            if (result < 0)
            {
                return result;
            }

            result = _inodes.Pin(node, out InodePin pin);
            using (pin)
            {
                if (result < 0)
                {
                    return result;
                }

                return ReadEntries(request, pin, directory, arguments, plus, ref writer);
            }
        }
    }

    /// <inheritdoc/>
    public int ReleaseDirectory(RequestContext request, ulong node, in ReleaseIn arguments)
    {
        int result = _open.Release(arguments.Handle, node, isDirectory: true);
        if (result == 0)
        {
            _streams[arguments.Handle].TryEnd(arguments.Handle);
        }

        return result;
    }

    /// <inheritdoc/>
    public int SyncDirectory(RequestContext request, ulong node, in SyncIn arguments) => Sync(request, node, arguments, isDirectory: true);

    /// <summary>Two READDIR of one handle at once take turns; so do those of handles that share a stream.</summary>
    private int ReadEntries(
        RequestContext request, in InodePin parent, in OpenFilePin directory, in ReadIn arguments, bool plus, ref DirectoryWriter writer)
    {
        DirectoryStream stream = _streams[arguments.Handle];
        if (!stream.Lock.TryEnter())
        {
            if (!request.MayBlock)
            {
                return FileSystemResult.WouldBlock;
            }

            stream.Lock.Enter();
        }

        try
        {
            int result = Position(stream, directory, arguments);
            return result < 0 ? result : ReadEntries(request, parent, directory, stream, plus, ref writer);
        }
        finally
        {
            stream.Lock.Exit();
        }
    }

    private static int Position(DirectoryStream stream, in OpenFilePin directory, in ReadIn arguments)
    {
        if (stream.IsAt(arguments.Handle, arguments.Offset))
        {
            return 0;
        }

        OpenFile* file = directory.File;
        long sought = arguments.Offset == file->HostOffset ? 0 : Files.Seek(file->Descriptor, (long)arguments.Offset, whence: 0);
        if (sought < 0)
        {
            return (int)sought;
        }

        stream.Begin(arguments.Handle, arguments.Offset);
        return 0;
    }

    private int ReadEntries(
        RequestContext request, in InodePin parent, in OpenFilePin directory, DirectoryStream stream, bool plus, ref DirectoryWriter writer)
    {
        OpenFile* file = directory.File;
        while (true)
        {
            if (stream.IsEmpty)
            {
                nint read = stream.Fill(file);
                if (read <= 0)
                {
                    return writer.Length > 0 ? 0 : (int)read;
                }
            }

            HostEntry entry = new(stream.Current);
            if (!writer.HasRoom(entry.NameLength, plus))
            {
                return 0;
            }

            Add(request, parent, file->Descriptor, entry, plus, ref writer);
            stream.MoveOn(file, entry.Length, entry.Offset);
        }
    }

    private void Add(RequestContext request, in InodePin parent, int directory, HostEntry host, bool plus, ref DirectoryWriter writer)
    {
        DirectoryEntryHeader header = new()
        {
            Inode = host.Inode,
            Offset = host.Offset,
            NameLength = (uint)host.NameLength,
            Type = host.Type,
        };
        if (!plus)
        {
            writer.Add(header, host.Name);
            return;
        }

        // An entry without a node is a plain one: for the dots, and for names that are gone by now (fs/fuse/readdir.c).
        EntryOut entry = default;
        if (FileName.Admit(host.Name, host.NameLength, out FileName name) == 0 && ReferenceEntry(request, parent, directory, name, out EntryOut found))
        {
            entry = found;
        }

        writer.AddPlus(entry, header, host.Name);
    }

    /// <summary>Looks an entry up without opening it, where a file handle can hold it.</summary>
    private bool ReferenceEntry(RequestContext request, in InodePin parent, int directory, FileName name, out EntryOut entry)
    {
        entry = default;
        uint version = _inodes.Names.NameVersion(parent, name);
        if (FileStatus.Of(directory, name.Bytes, out FileStatus status) < 0)
        {
            return false;
        }

        HostMount? mount = _mounts.Find(status, -1);
        if (mount is not null && _inodes.TryReference(mount, status, out ulong node))
        {
            Fill(request, parent, name, version, node, mount, status, out entry);
            return true;
        }

        if (mount is { HasHandles: true } && InodeHandle.Of(directory, name.Bytes, out InodeHandle handle) == 0)
        {
            int none = -1;
            node = _inodes.Reference(mount, status, ref none, &handle, verified: false);
            if (node != 0)
            {
                Fill(request, parent, node, mount, status, out entry);
            }

            return node != 0;
        }

        return Lookup(request, parent, directory, name, out entry) == 0;
    }

    /// <summary>One entry as the host's kernel lays it down (<c>struct linux_dirent64</c>, <c>linux/dirent.h</c>).</summary>
    private readonly ref struct HostEntry
    {
        private const int LengthOffset = 16, TypeOffset = 18, NameOffset = 19;
        private readonly byte* _bytes;

        internal HostEntry(byte* bytes)
        {
            _bytes = bytes;
            NameLength = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(Name).Length;
        }

        internal ulong Inode => Unsafe.ReadUnaligned<ulong>(_bytes);

        internal ulong Offset => Unsafe.ReadUnaligned<ulong>(_bytes + sizeof(ulong));

        internal int Length => Unsafe.ReadUnaligned<ushort>(_bytes + LengthOffset);

        internal byte Type => _bytes[TypeOffset];

        internal byte* Name => _bytes + NameOffset;

        internal int NameLength { get; }
    }
}
