using System.Runtime.InteropServices;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough.OpenFiles;

/// <summary>
/// What the kernel told of one directory and the guest did not take yet, so that nothing is asked for twice. It serves one handle at a
/// time; another one that needs it takes it over, and the former goes on where it was by lseek(2). Whoever uses it holds its lock.
/// </summary>
internal sealed unsafe class DirectoryStream
{
    /// <summary>Bytes of the buffer: the kernel fills at most as much at a time.</summary>
    internal const int BufferSize = 32 * 1024;

    private byte* _buffer;
    private ulong _handle;
    private ulong _next;
    private int _position;
    private int _length;

    internal Lock Lock { get; } = new();

    /// <summary>Whether it holds a buffer.</summary>
    internal bool HasBuffer => _buffer is not null;

    /// <summary>Whether the kernel must be asked for more.</summary>
    internal bool IsEmpty => _position == _length;

    /// <summary>The next <c>struct linux_dirent64</c>.</summary>
    internal byte* Current => _buffer + _position;

    /// <summary>Whether it goes on for a handle where that wants to read.</summary>
    internal bool IsAt(ulong handle, ulong offset) => _handle == handle && _next == offset;

    /// <summary>Begins for a handle. What is here of another one is dropped.</summary>
    internal void Begin(ulong handle, ulong offset)
    {
        _buffer = _buffer is null ? (byte*)NativeMemory.Alloc(BufferSize) : _buffer;
        (_handle, _next, _position, _length) = (handle, offset, 0, 0);
    }

    /// <summary>Asks the kernel for more, which goes on where the description is. 0 at the end, or a negated error number.</summary>
    internal nint Fill(OpenFile* file)
    {
        file->HostOffset = OpenFile.UnknownOffset;
        nint read = PathCalls.ReadDirectory(file->Descriptor, _buffer, BufferSize);
        (_position, _length) = (0, (int)Math.Max(read, 0));
        if (read == 0)
        {
            file->HostOffset = _next;
        }

        return read;
    }

    /// <summary>Goes on behind an entry.</summary>
    /// <param name="file">The directory.</param>
    /// <param name="length">Bytes of the entry.</param>
    /// <param name="next">The offset behind it.</param>
    internal void MoveOn(OpenFile* file, int length, ulong next)
    {
        _position += length;
        _next = next;
        if (IsEmpty)
        {
            file->HostOffset = next;
        }
    }

    /// <summary>Frees the buffer, if nobody is reading; only of a handle if one is given.</summary>
    internal void TryEnd(ulong? handle)
    {
        if (!Lock.TryEnter())
        {
            return;
        }

        if (handle is null || handle == _handle)
        {
            Free();
        }

        Lock.Exit();
    }

    /// <summary>Frees the buffer. Nobody uses it any more.</summary>
    internal void Free()
    {
        NativeMemory.Free(_buffer);
        _buffer = null;
        (_handle, _position, _length) = (0, 0, 0);
    }
}
