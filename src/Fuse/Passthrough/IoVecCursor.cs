using System.Diagnostics.CodeAnalysis;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>Goes through pieces of memory as reads and writes get ahead, which may end inside of a piece.</summary>
internal ref struct IoVecCursor(ReadOnlySpan<IoVec> pieces)
{
    private ReadOnlySpan<IoVec> _pieces = pieces;
    private IoVec _begun;

    /// <summary>Whether all is done.</summary>
    internal readonly bool IsAtEnd => _pieces.IsEmpty && _begun.Length == 0;

    /// <summary>What one system call takes next: the rest of a piece that was begun, or as many whole ones as it can.</summary>
    [UnscopedRef]
    internal readonly ReadOnlySpan<IoVec> Next =>
        _begun.Length > 0 ? new ReadOnlySpan<IoVec>(in _begun) : _pieces[..Math.Min(_pieces.Length, IoVec.Maximum)];

    /// <summary>Leaves bytes of <see cref="Next"/> behind. True when those were all of them.</summary>
    internal bool Advance(nint count)
    {
        nuint left = (nuint)count;
        if (_begun.Length > 0)
        {
            _begun = Rest(_begun, left);
            return _begun.Length == 0;
        }

        int whole = 0, offered = Next.Length;
        while (whole < offered && _pieces[whole].Length <= left)
        {
            left -= _pieces[whole++].Length;
        }

        bool all = whole == offered;
        _begun = all ? default : Rest(_pieces[whole], left);
        _pieces = _pieces[(all ? whole : whole + 1)..];
        return all;
    }

    private static IoVec Rest(IoVec piece, nuint done) => new(piece.Address + (nint)done, piece.Length - done);
}
