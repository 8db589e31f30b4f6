using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>
/// The C library's entry points, as they are declared in its headers; each part of this class holds those of one idea.
/// The rest of the room wraps them so that a result is zero or more, or a negated error number.
/// </summary>
internal static unsafe partial class LibC
{
    private const string Library = "libc";

    /// <summary>Turns the C library's <c>-1 and errno</c> into a negated error number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint Result(nint value) => value >= 0 ? value : -Marshal.GetLastSystemError();

    /// <inheritdoc cref="Result(nint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Result(int value) => value >= 0 ? value : -Marshal.GetLastSystemError();

    // The kernel takes each argument of syscall(2) as a register; on both architectures integers of a
    // variadic call travel in the same registers as those of an ordinary one.
    [LibraryImport(Library)]
    private static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    internal static nint SystemCall(nint number, nint a = 0, nint b = 0, nint c = 0, nint d = 0, nint e = 0, nint f = 0) =>
        Result(syscall(number, a, b, c, d, e, f));
}
