using System.Runtime.InteropServices;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Server;

/// <summary>One worker's scratch memory, outside of the managed heap. Each region has one use, so that no two can meet in it.</summary>
internal sealed unsafe class WorkerMemory : IDisposable
{
    /// <summary>The longest target of a symbolic link in bytes (<c>PATH_MAX</c> less the NUL).</summary>
    internal const int MaximumTarget = 4095;

    /// <summary>The most bytes of one answer to READDIR.</summary>
    internal const int DirectoryReplySize = 128 * 1024;

    /// <summary>The most pieces of one read or write: a ring's 32,768 descriptors would be far more than any guest sends.</summary>
    internal const int MaximumPieces = 4096;

    private const int TextSize = 4096 + 64;
    private readonly byte* _memory;

    internal WorkerMemory()
    {
        const nuint Size = (3 * TextSize) + ExtendedAttributes.MaximumValueSize + DirectoryReplySize;
        _memory = (byte*)NativeMemory.Alloc(Size + (nuint)(MaximumPieces * sizeof(IoVec)));
        PieceMemory = (IoVec*)_memory;
        FirstText = _memory + (MaximumPieces * sizeof(IoVec));
        SecondText = FirstText + TextSize;
        SecurityText = SecondText + TextSize;
        Value = SecurityText + TextSize;
        DirectoryReply = Value + ExtendedAttributes.MaximumValueSize;
    }

    /// <summary>A name, or a link's target.</summary>
    internal byte* FirstText { get; }

    /// <summary>A second name.</summary>
    internal byte* SecondText { get; }

    /// <summary>The name of a security label.</summary>
    internal byte* SecurityText { get; }

    /// <summary>The value of an extended attribute, or a list of their names.</summary>
    internal byte* Value { get; }

    /// <summary>Directory entries on their way to the guest.</summary>
    internal byte* DirectoryReply { get; }

    /// <summary>Pieces of a read or write.</summary>
    internal Span<IoVec> Pieces => new(PieceMemory, MaximumPieces);

    private IoVec* PieceMemory { get; }

    public void Dispose() => NativeMemory.Free(_memory);
}
