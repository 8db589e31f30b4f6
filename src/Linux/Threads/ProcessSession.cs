using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>The session and the standard streams of a process that is the caller's own (<c>setsid(2)</c>, <c>dup2(2)</c>).</summary>
public static class ProcessSession
{
    /// <summary>The user that the process acts as.</summary>
    public static uint EffectiveUserId => LibC.geteuid();

    /// <summary>Makes a session without a terminal, which this process leads. The session's id, or a negated error number; EPERM for who leads a group already.</summary>
    public static int Begin() => LibC.Result(LibC.setsid());

    /// <summary>Lets a descriptor's number stand for another open file from now on. Zero or more, or a negated error number.</summary>
    /// <param name="source">The descriptor of the open file.</param>
    /// <param name="number">The number, such as 2 for the standard error.</param>
    public static int Redirect(int source, int number) => LibC.Result(LibC.dup2(source, number));
}

internal static partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int setsid();

    [LibraryImport(Library)]
    internal static partial int dup2(int source, int number);
}
