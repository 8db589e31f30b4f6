namespace VirtioFs.Linux;

/// <summary>The arguments with which calls of many uses are allowed to threads that answer a guest.</summary>
internal static class SystemCallArguments
{
    /// <summary><c>CLONE_VM | CLONE_THREAD</c>.</summary>
    internal const uint CloneThread = 0x10100;

    /// <summary>What of clone(2)'s flags must be exactly <see cref="CloneThread"/>: those two, and all of new namespaces.</summary>
    internal const uint CloneMask = CloneThread | 0x7E020000;

    /// <summary>
    /// fcntl(2): descriptors (<c>F_DUPFD</c> to <c>F_SETFL</c>, <c>F_DUPFD_CLOEXEC</c>), locks of open descriptions, seals. Not who gets
    /// signals (<c>F_SETOWN</c>), and no leases.
    /// </summary>
    internal static ReadOnlySpan<uint> FileControls => [36, 37, 38, 3, 4, 0, 1, 2, 1030, 1033, 1034];

    /// <summary>
    /// ioctl(2): what guests may send (<c>FileControlRequest</c>) and <c>FIONREAD</c>. Not <c>TIOCSTI</c>, which types into the user's terminal.
    /// </summary>
    internal static ReadOnlySpan<uint> DeviceControls =>
    [
        0x80086601, 0x40086602, 0x80087601, 0x801C581F, 0x401C5820, 0xC0096616, 0xC080661A, 0x8010661B, 0x40806685, 0xC0046686, 0x541B,
    ];

    /// <summary>prctl(2): names of threads (<c>PR_SET_NAME</c>, <c>PR_GET_NAME</c>) and of memory (<c>PR_SET_VMA</c>), and questions.</summary>
    internal static ReadOnlySpan<uint> ThreadControls => [15, 16, 0x53564D41, 3, 23, 39];
}
