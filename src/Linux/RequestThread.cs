using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>
/// What the kernel keeps per thread, set up for answering a guest: its own umask and working directory, no supplementary
/// groups, and, where it may, the guest's user for a while. Nothing here reaches the process's other threads.
/// </summary>
/// <remarks>
/// The raw system calls change one thread (credentials(7)); the C library's wrappers of the same names would change all.
/// Make one on a thread of the engine's own: what <see cref="Enter"/> changes is not undone.
/// </remarks>
public sealed unsafe class RequestThread
{
    private const int CloneFs = 0x200;
    private const int SetSecureBits = 28, NoSetUserIdFixup = 1 << 2;
    private const uint CapabilityVersion = 0x20080522;
    private const int BlockSignals = 0, FileSizeSignal = 25, SignalSetWords = 16;

    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly int SetGroupsNumber = Arm ? 159 : 116;
    private static readonly int SetUserNumber = Arm ? 147 : 117;
    private static readonly int SetGroupNumber = Arm ? 149 : 119;
    private static readonly int GetCapabilitiesNumber = Arm ? 90 : 125;
    private static readonly int SetCapabilitiesNumber = Arm ? 91 : 126;

    private readonly uint _ownUserId;
    private readonly uint _ownGroupId;
    private readonly CapabilitySet _low;
    private readonly CapabilitySet _high;
    private Capability _effective;
    private uint _umask;
    private bool _isImpersonating;
    private bool _hasGroup;

    private RequestThread(CapabilitySet low, CapabilitySet high)
    {
        (_low, _high) = (low, high);
        _effective = (Capability)(low.Effective | ((ulong)high.Effective << 32));
        _ownUserId = LibC.geteuid();
        _ownGroupId = LibC.getegid();
    }

    /// <summary>True when files can be made in the name of any user and group.</summary>
    public bool CanImpersonate { get; private set; }

    private Capability Permitted => (Capability)(_low.Permitted | ((ulong)_high.Permitted << 32));

    /// <summary>The thread's effective capabilities.</summary>
    public Capability Effective => _effective;

    /// <summary>Prepares the calling thread.</summary>
    /// <exception cref="LinuxException">The thread could not get its own umask and working directory.</exception>
    public static RequestThread Enter()
    {
        _ = LinuxException.Check(LibC.Result(LibC.unshare(CloneFs)), "Giving a thread its own working directory and umask failed");
        _ = LibC.umask(0);
        fixed (byte* descriptors = "/proc/self/fd\0"u8)
        {
            // Where /proc is missing, only extended attributes miss it.
            _ = LibC.chdir(descriptors);
        }

        // A write past the process's limit of file sizes (RLIMIT_FSIZE) is to be EFBIG and nothing else: the signal would end the process.
        ulong* signals = stackalloc ulong[SignalSetWords];
        new Span<ulong>(signals, SignalSetWords).Clear();
        signals[0] = 1UL << (FileSizeSignal - 1);
        _ = LibC.pthread_sigmask(BlockSignals, signals, null);
        _ = ReadCapabilities(out CapabilitySet low, out CapabilitySet high);
        RequestThread thread = new(low, high);
        const Capability Needed = Capability.SetUserId | Capability.SetGroupId | Capability.SetCapabilities;
        thread.CanImpersonate = (thread._effective & Needed) == Needed
            && LibC.SystemCall(SetGroupsNumber, 0, 0) == 0
            && LibC.Result(LibC.prctl(SetSecureBits, NoSetUserIdFixup, 0, 0, 0)) == 0;
        _ = thread.Without(Capability.ExceedResources);
        return thread;
    }

    /// <summary>
    /// Makes the calling thread act as a guest's user, as far as new files and their permission are concerned: SGID is kept
    /// only where the user is a member of the group. A process that may not do so stays who it is.
    /// </summary>
    /// <param name="userId">The guest's user.</param>
    /// <param name="groupId">The guest's group.</param>
    /// <param name="supplementaryGroup">One more group of the user's, or null.</param>
    /// <returns>Zero, or a negated error number, and then nothing has changed.</returns>
    public int Become(uint userId, uint groupId, uint? supplementaryGroup)
    {
        if (!CanImpersonate || (userId == _ownUserId && groupId == _ownGroupId && supplementaryGroup is null))
        {
            return 0;
        }

        _isImpersonating = true;
        uint group = supplementaryGroup.GetValueOrDefault();
        nint result = supplementaryGroup is null ? 0 : LibC.SystemCall(SetGroupsNumber, 1, (nint)(&group));
        if (result == 0 && groupId != _ownGroupId)
        {
            result = LibC.SystemCall(SetGroupNumber, -1, (nint)groupId, -1);
        }

        if (result == 0 && userId != _ownUserId)
        {
            result = LibC.SystemCall(SetUserNumber, -1, (nint)userId, -1);
        }

        if (result == 0 && userId != 0)
        {
            result = Without(Capability.KeepSetId);
        }

        if (result < 0)
        {
            Return(supplementaryGroup is not null);
        }

        return (int)result;
    }

    /// <summary>Ends what <see cref="Become"/> began.</summary>
    /// <param name="hadSupplementaryGroup">Whether a supplementary group had been given.</param>
    /// <exception cref="InvalidOperationException">The thread could not become itself again, and must answer nothing more.</exception>
    public void Return(bool hadSupplementaryGroup)
    {
        if (!_isImpersonating)
        {
            return;
        }

        _isImpersonating = false;
        nint result = LibC.SystemCall(SetUserNumber, -1, (nint)_ownUserId, -1);
        result = result < 0 ? result : LibC.SystemCall(SetGroupNumber, -1, (nint)_ownGroupId, -1);
        result = result < 0 || !hadSupplementaryGroup ? result : LibC.SystemCall(SetGroupsNumber, 0, 0);
        if (result < 0 || With(Capability.KeepSetId) < 0)
        {
            throw new InvalidOperationException("A worker thread could not take back its own credentials.");
        }
    }

    /// <summary>
    /// Makes the calling thread one whose changes to a file take set-user-ID and set-group-ID bits from it, until
    /// <see cref="KeepSetIdAgain"/>. The kernel spares the latter where the group may not execute the file and the caller is a
    /// member of its group.
    /// </summary>
    /// <param name="groupId">The guest's group.</param>
    /// <returns>Zero, or a negated error number, and then nothing has changed.</returns>
    public int DropSetId(uint groupId)
    {
        nint result = Without(Capability.KeepSetId);
        if (result == 0 && CanImpersonate && groupId != _ownGroupId)
        {
            result = LibC.SystemCall(SetGroupNumber, -1, (nint)groupId, -1);
            _hasGroup = result == 0;
            _ = result < 0 ? With(Capability.KeepSetId) : 0;
        }

        return (int)result;
    }

    /// <summary>Ends what <see cref="DropSetId"/> began.</summary>
    /// <exception cref="InvalidOperationException">The thread could not become itself again, and must answer nothing more.</exception>
    public void KeepSetIdAgain()
    {
        bool failed = _hasGroup && LibC.SystemCall(SetGroupNumber, -1, (nint)_ownGroupId, -1) < 0;
        _hasGroup = false;
        if (failed || With(Capability.KeepSetId) < 0)
        {
            throw new InvalidOperationException("A worker thread could not take back its own credentials.");
        }
    }

    /// <summary>Sets the thread's own umask, which costs nothing where it is set so already; the process keeps its own.</summary>
    public void SetUmask(uint mask)
    {
        if (_umask != mask)
        {
            _ = LibC.umask(mask & 0x1FF);
            _umask = mask;
        }
    }

    /// <summary>Gives up capabilities until <see cref="With"/>. Zero, or a negated error number.</summary>
    public int Without(Capability capabilities) => TrySetEffective(_effective & ~capabilities);

    /// <summary>Takes back what <see cref="Without"/> gave up. Zero, or a negated error number.</summary>
    public int With(Capability capabilities) => TrySetEffective(_effective | (capabilities & Permitted));

    private int TrySetEffective(Capability wanted)
    {
        if (wanted == _effective)
        {
            return 0;
        }

        CapabilityHeader header = new() { Version = CapabilityVersion };
        CapabilitySet* sets = stackalloc CapabilitySet[2];
        sets[0] = _low with { Effective = (uint)wanted };
        sets[1] = _high with { Effective = (uint)((ulong)wanted >> 32) };
        int result = (int)LibC.SystemCall(SetCapabilitiesNumber, (nint)(&header), (nint)sets);
        _effective = result < 0 ? _effective : wanted;
        return result;
    }

    private static int ReadCapabilities(out CapabilitySet low, out CapabilitySet high)
    {
        CapabilityHeader header = new() { Version = CapabilityVersion };
        CapabilitySet* sets = stackalloc CapabilitySet[2];
        int result = (int)LibC.SystemCall(GetCapabilitiesNumber, (nint)(&header), (nint)sets);
        (low, high) = (sets[0], sets[1]);
        return result;
    }

    /// <summary><c>struct __user_cap_header_struct</c> (<c>linux/capability.h</c>); process 0 is the calling thread.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CapabilityHeader
    {
        public uint Version;
        public int Process;
    }

    /// <summary><c>struct __user_cap_data_struct</c> (<c>linux/capability.h</c>).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CapabilitySet
    {
        public uint Effective;
        public uint Permitted;
        public uint Inheritable;
    }
}

internal static unsafe partial class LibC
{
    // sigset_t has 1024 bits (bits/types/__sigset_t.h).
    [LibraryImport(Library)]
    internal static partial int pthread_sigmask(int how, ulong* set, ulong* former);

    [LibraryImport(Library)]
    internal static partial int unshare(int flags);

    [LibraryImport(Library)]
    internal static partial uint umask(uint mask);

    [LibraryImport(Library)]
    internal static partial int chdir(byte* path);

    [LibraryImport(Library)]
    internal static partial uint geteuid();

    [LibraryImport(Library)]
    internal static partial uint getegid();

    // prctl is variadic; see SystemCall for why integer arguments may be declared as ordinary ones.
    [LibraryImport(Library)]
    internal static partial int prctl(int option, nint a, nint b, nint c, nint d);
}
