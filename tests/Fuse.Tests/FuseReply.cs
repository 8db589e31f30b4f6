using System.Runtime.InteropServices;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.Fuse.Tests;

/// <summary>An answer as the guest sees it.</summary>
/// <param name="Error">A positive error number, or 0; -1 when there was no answer at all.</param>
/// <param name="Body">What follows the header.</param>
internal sealed record FuseReply(int Error, byte[] Body)
{
    /// <summary>In place of an error number: the request was given back to be tried again.</summary>
    internal const int NotYet = -2;

    internal T As<T>() where T : unmanaged => MemoryMarshal.Read<T>(Body);

    internal static unsafe FuseReply From(ReadOnlySpan<byte> bytes, ulong unique)
    {
        if (bytes.IsEmpty)
        {
            return new FuseReply(-1, []);
        }

        OutHeader header = MemoryMarshal.Read<OutHeader>(bytes);
        Assert.Equal((uint)bytes.Length, header.Length);
        Assert.Equal(unique, header.Unique);
        return new FuseReply(-header.Error, bytes[sizeof(OutHeader)..].ToArray());
    }
}
