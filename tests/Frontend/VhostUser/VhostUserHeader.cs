using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.VhostUser;

/// <summary>The 12 bytes in front of each vhost-user message (specification, "Header").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct VhostUserHeader
{
    /// <summary>The protocol's version, the low two bits of <see cref="Flags"/>.</summary>
    public const uint Version = 1;

    /// <summary>The message is a reply.</summary>
    public const uint Reply = 1 << 2;

    /// <summary>The sender wants to hear how it went (REPLY_ACK).</summary>
    public const uint NeedReply = 1 << 3;

    public VhostUserRequest Request;
    public uint Flags;
    public uint Size;
}
