using System.Runtime.InteropServices;

namespace VirtioFs.Fuse;

/// <summary>One file or directory that the guest holds open.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct OpenFile
{
    /// <summary>See <see cref="SlotLifetime"/>.</summary>
    public long Lifetime;

    /// <summary>The node that it was opened as: a handle says nothing of any other.</summary>
    public ulong Node;

    /// <summary>Where READDIR is, for a directory that was read; else null.</summary>
    public DirectoryPosition* Directory;

    /// <summary>The open descriptor.</summary>
    public int Descriptor;

    /// <summary>Number of the <see cref="Place"/>.</summary>
    public int Place;

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory;
}
