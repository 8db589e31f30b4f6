using System.Runtime.CompilerServices;

namespace VirtioFs.Fuse.Wire;

/// <summary>Asking for flags on the request path, where <see cref="Enum.HasFlag"/> allocates until it has been optimised.</summary>
internal static class InitFlagsExtensions
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Has(this InitFlags flags, InitFlags flag) => (flags & flag) != 0;
}
