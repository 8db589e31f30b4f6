using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>The calling thread's capability sets (<c>capget(2)</c>): <c>struct __user_cap_data_struct</c> for 64 capabilities.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ThreadCapabilities
{
    private const uint Version = 0x20080522;

    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly int GetNumber = Arm ? 90 : 125;
    private static readonly int SetNumber = Arm ? 91 : 126;

    private uint _lowEffective;
    private uint _lowPermitted;
    private uint _lowInheritable;
    private uint _highEffective;
    private uint _highPermitted;
    private uint _highInheritable;

    /// <summary>What is in force.</summary>
    internal readonly Capability Effective => Join(_lowEffective, _highEffective);

    /// <summary>What may be put in force.</summary>
    internal readonly Capability Permitted => Join(_lowPermitted, _highPermitted);

    /// <summary>Reads the calling thread's. Zero, or a negated error number.</summary>
    internal static int Read(out ThreadCapabilities capabilities)
    {
        Header header = new() { Version = Version };
        ThreadCapabilities read = default;
        int result = (int)LibC.SystemCall(GetNumber, (nint)(&header), (nint)(&read));
        capabilities = read;
        return result;
    }

    /// <summary>Gives the calling thread these with other ones in force. Zero, or a negated error number.</summary>
    internal readonly int SetEffective(Capability effective)
    {
        Header header = new() { Version = Version };
        ThreadCapabilities wanted = this;
        (wanted._lowEffective, wanted._highEffective) = ((uint)effective, (uint)((ulong)effective >> 32));
        return (int)LibC.SystemCall(SetNumber, (nint)(&header), (nint)(&wanted));
    }

    /// <summary>
    /// Takes all but some from the calling thread for good: what is permitted, inherited and ambient, and, where it may, the bounding set.
    /// Zero, or a negated error number.
    /// </summary>
    internal int Keep(Capability kept)
    {
        const int DropFromBoundingSet = 24, Bits = 64;
        for (int bit = 0; bit < Bits; bit++)
        {
            if ((kept & (Capability)(1UL << bit)) == 0 && LibC.prctl(DropFromBoundingSet, bit, 0, 0, 0) < 0)
            {
                break;
            }
        }

        ThreadCapabilities wanted = this;
        (wanted._lowPermitted, wanted._highPermitted) = (_lowPermitted & (uint)kept, _highPermitted & (uint)((ulong)kept >> 32));
        (wanted._lowInheritable, wanted._highInheritable) = (0, 0);
        int result = wanted.SetEffective(Effective & kept);
        if (result == 0)
        {
            (wanted._lowEffective, wanted._highEffective) = (_lowEffective & (uint)kept, _highEffective & (uint)((ulong)kept >> 32));
            this = wanted;
        }

        return result;
    }

    private static Capability Join(uint low, uint high) => (Capability)(low | ((ulong)high << 32));

    /// <summary><c>struct __user_cap_header_struct</c> (<c>linux/capability.h</c>); process 0 is the calling thread.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public uint Version;
        public int Process;
    }
}
