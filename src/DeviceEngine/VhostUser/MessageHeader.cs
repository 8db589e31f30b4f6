using System.Runtime.InteropServices;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>What every message begins with (vhost-user: Header).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MessageHeader
{
    /// <summary>The version of the protocol, in the two lowest bits of <see cref="Flags"/>.</summary>
    internal const uint Version = 1;

    internal const uint VersionMask = 3;

    /// <summary>Set on what the back end sends as an answer.</summary>
    internal const uint Reply = 1 << 2;

    /// <summary>The front end wants to hear whether the message was carried out (vhost-user: REPLY_ACK).</summary>
    internal const uint NeedReply = 1 << 3;

    internal FrontEndRequest Request;
    internal uint Flags;
    internal uint Size;
}
