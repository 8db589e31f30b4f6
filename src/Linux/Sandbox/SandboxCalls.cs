using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>Numbers of the system calls that make a sandbox (<c>asm/unistd_64.h</c>, <c>asm-generic/unistd.h</c>).</summary>
internal static class SandboxCalls
{
    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    internal const int OpenTree = 428;
    internal const int MoveMount = 429;
    internal const int MountSetAttributes = 442;

    internal static readonly int Read = Arm ? 63 : 0;
    internal static readonly int Write = Arm ? 64 : 1;
    internal static readonly int Close = Arm ? 57 : 3;
    internal static readonly int Control = Arm ? 25 : 72;
    internal static readonly int Clone = Arm ? 220 : 56;
    internal static readonly int Execute = Arm ? 221 : 59;
    internal static readonly int ExitGroup = Arm ? 94 : 231;
    internal static readonly int ChangeDirectory = Arm ? 49 : 80;
    internal static readonly int SetGroups = Arm ? 159 : 116;
    internal static readonly int SetUser = Arm ? 147 : 117;
    internal static readonly int SetGroup = Arm ? 149 : 119;
    internal static readonly int SetCapabilities = Arm ? 91 : 126;
    internal static readonly int PivotRoot = Arm ? 41 : 155;
    internal static readonly int ProcessControl = Arm ? 167 : 157;
    internal static readonly int Mount = Arm ? 40 : 165;
    internal static readonly int Unmount = Arm ? 39 : 166;
    internal static readonly int OpenAt = Arm ? 56 : 257;
    internal static readonly int DuplicateTo = Arm ? 24 : 292;
    internal static readonly int SetNamespace = Arm ? 268 : 308;
}
