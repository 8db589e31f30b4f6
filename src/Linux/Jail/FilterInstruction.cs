using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>One instruction of a filter (<c>struct sock_filter</c>, <c>linux/filter.h</c>).</summary>
/// <param name="Code">What it does.</param>
/// <param name="IfTrue">Instructions to skip where a comparison holds.</param>
/// <param name="IfFalse">Instructions to skip where it does not.</param>
/// <param name="Operand">Its number.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FilterInstruction(ushort Code, byte IfTrue, byte IfFalse, uint Operand);
