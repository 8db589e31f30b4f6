using System.Runtime.InteropServices;

namespace VirtioFs.Frontend.VhostUser;

/// <summary>A ring's index and a number (specification, "A vring state description"; 8 bytes).</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct VringState(uint Index, uint Number);
