using System.Runtime.InteropServices;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Hostile;

/// <summary>What came back for a raw request.</summary>
/// <param name="Bytes">As many bytes as the ring says were written.</param>
internal readonly record struct RawReply(byte[] Bytes)
{
    /// <summary>Nothing was written: the chain only came back.</summary>
    public bool IsEmpty => Bytes.Length == 0;

    /// <summary>The reply's header.</summary>
    public FuseOutHeader Header => MemoryMarshal.Read<FuseOutHeader>(Bytes);

    /// <summary>Zero or a negated error number.</summary>
    public int Error => Header.Error;

    /// <summary>Asserts that the reply is nothing, or one whose header says its own length and answers this request.</summary>
    public RawReply AssertWellFormed(ulong unique, string what)
    {
        if (IsEmpty)
        {
            return this;
        }

        Assert.True(Bytes.Length >= 16, $"{what}: {Bytes.Length} bytes are no reply.");
        Assert.True(Header.Length == Bytes.Length, $"{what}: the header says {Header.Length} bytes, the ring {Bytes.Length}.");
        Assert.True(Header.Unique == unique, $"{what}: the reply answers {Header.Unique}, not {unique}.");
        Assert.True(Error is <= 0 and > -4096, $"{what}: {Error} is no error number.");
        Assert.True(Error == 0 || Bytes.Length == 16, $"{what}: an error came with {Bytes.Length} bytes.");
        return this;
    }
}
