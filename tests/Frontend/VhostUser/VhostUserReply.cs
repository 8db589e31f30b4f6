using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.VhostUser;

/// <summary>One message that came from the back end.</summary>
/// <param name="Header">Its header.</param>
/// <param name="Payload">Its payload, as long as the header said.</param>
/// <param name="Descriptors">What came with it; they belong to the caller.</param>
public sealed record VhostUserReply(VhostUserHeader Header, byte[] Payload, int[] Descriptors)
{
    /// <summary>The payload as one number.</summary>
    /// <exception cref="BackEndException">It is not eight bytes long.</exception>
    public ulong Number => Read<ulong>();

    /// <summary>The payload as a structure of exactly its size.</summary>
    /// <exception cref="BackEndException">The sizes differ.</exception>
    public unsafe T Read<T>()
        where T : unmanaged =>
        Payload.Length == sizeof(T)
            ? MemoryMarshal.Read<T>(Payload)
            : throw new BackEndException($"The reply to {Header.Request} has {Payload.Length} bytes instead of {sizeof(T)}.");
}
