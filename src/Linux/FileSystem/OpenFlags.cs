using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>Flags of <c>open(2)</c> (<c>asm-generic/fcntl.h</c>; four of them have other values on arm64, <c>asm/fcntl.h</c>).</summary>
public static class OpenFlags
{
    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>Mask of the access mode.</summary>
    public const int AccessMode = 3;

    /// <summary>Reading only.</summary>
    public const int ReadOnly = 0;

    /// <summary>Writing only.</summary>
    public const int WriteOnly = 1;

    /// <summary>Both.</summary>
    public const int ReadWrite = 2;

    /// <summary>Make the file when it is not there.</summary>
    public const int Create = 0x40;

    /// <summary>With <see cref="Create"/>: EEXIST when it is there.</summary>
    public const int Exclusive = 0x80;

    /// <summary>Never make a terminal the controlling one.</summary>
    public const int NoControllingTerminal = 0x100;

    /// <summary>Cut the file to nothing.</summary>
    public const int Truncate = 0x200;

    /// <summary>Every write goes to the end.</summary>
    public const int Append = 0x400;

    /// <summary>Never wait at open (FIFOs, leases).</summary>
    public const int NonBlock = 0x800;

    /// <summary>Each write waits for data to be on disk.</summary>
    public const int DataSync = 0x1000;

    /// <summary>Leave the access time alone; EPERM for who does not own the file.</summary>
    public const int NoAccessTime = 0x40000;

    /// <summary>Close at exec.</summary>
    public const int CloseOnExec = 0x80000;

    /// <summary>Each write waits for data and metadata to be on disk.</summary>
    public const int Sync = 0x100000 | DataSync;

    /// <summary>A reference to the inode without opening it.</summary>
    public const int Path = 0x200000;

    /// <summary>Past the page cache.</summary>
    public static readonly int Direct = Arm ? 0x10000 : 0x4000;

    /// <summary>ENOTDIR for what is no directory.</summary>
    public static readonly int Directory = Arm ? 0x4000 : 0x10000;

    /// <summary>ELOOP for a symbolic link (with <see cref="Path"/>: the link itself).</summary>
    public static readonly int NoFollow = Arm ? 0x8000 : 0x20000;

    /// <summary>A file without a name in the directory that is opened.</summary>
    public static readonly int TemporaryFile = 0x400000 | Directory;
}
