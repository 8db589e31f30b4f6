using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.VhostUser;

/// <summary>One region of guest memory (specification, "Memory regions description"; 32 bytes).</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct MemoryRegionDescription(ulong GuestAddress, ulong Size, ulong UserAddress, ulong MapOffset);
