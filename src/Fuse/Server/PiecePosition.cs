namespace VirtioFs.Fuse.Server;

/// <summary>One of the pieces of a <see cref="ScatteredMemory"/>.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Start">How many bytes come before it.</param>
internal readonly record struct PiecePosition(int Index, long Start);
