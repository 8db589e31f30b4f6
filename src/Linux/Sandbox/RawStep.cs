using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>One system call of a <see cref="RawSteps"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RawStep
{
    public nint Number;
    public nint A;
    public nint B;
    public nint C;
    public nint D;
    public nint E;
    public RawStepRule Rule;
}
