using System.Runtime.InteropServices;

namespace VirtioFs.DeviceEngine.Memory;

/// <summary>One region of guest memory, a file's part that is to be mapped (vhost-user: Memory regions description).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RegionDescription(ulong GuestAddress, ulong Size, ulong UserAddress, ulong FileOffset);
