using System.Runtime.InteropServices;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>A number about one ring (<c>struct vhost_vring_state</c>, <c>linux/vhost_types.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RingState(uint Index, uint Number);
