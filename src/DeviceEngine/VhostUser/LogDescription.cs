using System.Runtime.InteropServices;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>Where dirty pages are logged: a part of a file (vhost-user: Log description).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct LogDescription(ulong Size, ulong FileOffset);
