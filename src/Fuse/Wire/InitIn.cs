using System.Runtime.InteropServices;

namespace VirtioFs.Fuse.Wire;

/// <summary><c>struct fuse_init_in</c> (<c>linux/fuse.h</c>). Before 7.36 only the first 16 bytes are sent.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct InitIn
{
    /// <summary>Bytes sent by guests before 7.36.</summary>
    public const int CompatibleSize = 16;

    /// <summary>The guest's protocol, major.</summary>
    public uint Major;

    /// <summary>The guest's protocol, minor.</summary>
    public uint Minor;

    /// <summary>Bytes that the guest reads ahead.</summary>
    public uint MaximumReadahead;

    /// <summary>Low half of <see cref="InitFlags"/>.</summary>
    public uint Flags;

    /// <summary>High half of <see cref="InitFlags"/>.</summary>
    public uint Flags2;

    /// <summary>Unused.</summary>
    public fixed uint Unused[11];
}
