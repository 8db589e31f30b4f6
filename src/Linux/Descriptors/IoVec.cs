using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>One piece of memory of a scattered read or write (<c>struct iovec</c>, <c>bits/types/struct_iovec.h</c>).</summary>
/// <param name="Address">The first byte.</param>
/// <param name="Length">Length in bytes.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly unsafe record struct IoVec(nint Address, nuint Length)
{
    /// <summary>The most pieces that one system call takes (<c>UIO_MAXIOV</c>, <c>linux/uio.h</c>).</summary>
    public const int Maximum = 1024;

    /// <summary>The bytes as a span. The memory may be shared with a guest, which can change it at any time.</summary>
    public Span<byte> AsSpan() => new((void*)Address, checked((int)Length));
}
