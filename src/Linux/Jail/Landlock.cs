using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>Landlock rules (<c>linux/landlock.h</c>), as far as the kernel knows them. Results are zero or more, or a negated error number.</summary>
internal static unsafe class Landlock
{
    /// <summary><c>LANDLOCK_ACCESS_FS_READ_FILE</c>.</summary>
    internal const ulong ReadingFile = 1 << 2;

    /// <summary><c>LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR</c>.</summary>
    internal const ulong Reading = ReadingFile | 1 << 3;

    // The same numbers on every architecture (asm-generic/unistd.h).
    private const int CreateNumber = 444, AddNumber = 445, RestrictNumber = 446;
    private const int VersionFlag = 1, PathBeneath = 1;

    // Rights of files that are not directories: EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE, IOCTL_DEV.
    private const ulong OfFiles = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15;

    /// <summary>The version of Landlock's interface, from 1. ENOSYS or EOPNOTSUPP where the kernel has none, or was started without.</summary>
    internal static int Version => (int)LibC.SystemCall(CreateNumber, 0, 0, VersionFlag);

    /// <summary>
    /// Makes a set of rules that denies everything which this version can deny. Signals are left to seccomp before version 7: earlier
    /// kernels deny them between threads of one process too, where the runtime needs them to collect garbage.
    /// </summary>
    internal static int Create(int version)
    {
        const ulong Tcp = 1 | 2, AbstractSockets = 1, Signals = 2;
        Rules rules = new()
        {
            Files = FilesOf(version),
            Network = version >= 4 ? Tcp : 0,
            Scopes = version >= 7 ? AbstractSockets | Signals : version == 6 ? AbstractSockets : 0,
        };
        int size = version >= 6 ? sizeof(Rules) : version >= 4 ? 2 * sizeof(ulong) : sizeof(ulong);
        return (int)LibC.SystemCall(CreateNumber, (nint)(&rules), size, 0);
    }

    /// <summary>Allows everything that the rules deny in and below a directory, or on a single file.</summary>
    internal static int AddTree(int rules, int version, int tree, bool isDirectory) =>
        Add(rules, tree, isDirectory ? FilesOf(version) : FilesOf(version) & OfFiles);

    /// <summary>Allows some of what the rules deny in and below a directory, or on a single file.</summary>
    internal static int Add(int rules, int tree, ulong rights)
    {
        Beneath beneath = new() { Rights = rights, Parent = tree };
        return (int)LibC.SystemCall(AddNumber, rules, PathBeneath, (nint)(&beneath), 0);
    }

    /// <summary>Binds the calling thread, and those that it will make, for good.</summary>
    internal static int Restrict(int rules) => (int)LibC.SystemCall(RestrictNumber, rules, 0);

    // Version 1 has 13 rights; REFER came with 2, TRUNCATE with 3, IOCTL_DEV with 5.
    private static ulong FilesOf(int version)
    {
        int rights = version switch { 1 => 13, 2 => 14, 3 or 4 => 15, _ => 16 };
        return (1UL << rights) - 1;
    }

    /// <summary><c>struct landlock_ruleset_attr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Rules
    {
        public ulong Files;
        public ulong Network;
        public ulong Scopes;
    }

    /// <summary><c>struct landlock_path_beneath_attr</c>, which is packed.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Beneath
    {
        public ulong Rights;
        public int Parent;
    }
}
