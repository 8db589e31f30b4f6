using VirtioFs.Frontend.Wire;

namespace VirtioFs.Frontend.Fuse;

/// <summary>One entry that READDIR or READDIRPLUS answered.</summary>
/// <param name="Name">Its name; bytes that are no UTF-8 are replaced.</param>
/// <param name="Record"><c>fuse_dirent</c>.</param>
/// <param name="Entry"><c>fuse_entry_out</c>; zero for READDIR.</param>
public sealed record DirectoryEntry(string Name, FuseDirent Record, FuseEntryOut Entry);
