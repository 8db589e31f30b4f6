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
    /// <summary>
    /// <c>(uid_t)-1</c> and <c>(gid_t)-1</c>: nobody's id. setresuid(2) and chown(2) take it for "leave as it is", so it must reach
    /// neither as somebody's id.
    /// </summary>
    public const uint InvalidId = uint.MaxValue;

    private const int CloneFs = 0x200;
    private const int SetKeepCapabilities = 8;
    private const int BlockSignals = 0, FileSizeSignal = 25, SignalSetWords = 16;
    private const long ProcFileSystem = 0x9fa0;

    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly int SetGroupsNumber = Arm ? 159 : 116;
    private static readonly int SetUserNumber = Arm ? 147 : 117;
    private static readonly int SetGroupNumber = Arm ? 149 : 119;

    private readonly uint _ownUserId;
    private readonly uint _ownGroupId;
    private ThreadCapabilities _own;
    private Capability _effective;
    private Borrowed _borrowed;
    private bool _mayChangeGroups;
    private uint _umask;

    private RequestThread(in ThreadCapabilities own)
    {
        (_own, _effective) = (own, own.Effective);
        _ownUserId = LibC.geteuid();
        _ownGroupId = LibC.getegid();
    }

    [Flags]
    private enum Borrowed
    {
        None = 0,
        User = 1,
        Group = 2,
        SupplementaryGroup = 4,
        SetIdLoss = 8,
    }

    /// <summary>True when files can be made in the name of any user and group that the thread's user namespace knows.</summary>
    public bool CanImpersonate { get; private set; }

    /// <summary>The thread's effective capabilities.</summary>
    public Capability Effective => _effective;

    /// <summary>Prepares the calling thread.</summary>
    /// <exception cref="LinuxException">The thread could not be made one that answers a guest safely.</exception>
    public static RequestThread Enter()
    {
        _ = LinuxException.Check(LibC.Result(LibC.unshare(CloneFs)), "Giving a thread its own working directory and umask failed");
        _ = LibC.umask(0);
        EnterDescriptorDirectory();

        // A write past the process's limit of file sizes (RLIMIT_FSIZE) is to be EFBIG and nothing else: the signal would end the process.
        ulong* signals = stackalloc ulong[SignalSetWords];
        new Span<ulong>(signals, SignalSetWords).Clear();
        signals[0] = 1UL << (FileSizeSignal - 1);
        _ = LinuxException.Check(-LibC.pthread_sigmask(BlockSignals, signals, null), "Blocking SIGXFSZ for a thread failed");
        _ = LinuxException.Check(ThreadCapabilities.Read(out ThreadCapabilities own), "Reading a thread's capabilities failed");
        RequestThread thread = new(own);
        _ = LinuxException.Check(thread.Without(Capability.ExceedResources), "Giving up CAP_SYS_RESOURCE failed");
        thread.CanImpersonate = thread.TryImpersonation();
        return thread;
    }

    /// <summary>
    /// Makes sure that what guests make can be made in their users' names, or, for an ordinary user, in that user's: a process of root
    /// that cannot act as others would make all of it root's.
    /// </summary>
    /// <exception cref="ImpersonationException">The process runs as root and cannot act as others.</exception>
    /// <exception cref="LinuxException">Its threads cannot be prepared.</exception>
    public static void CheckImpersonation()
    {
        IOException? refusal = null;
        Thread trial = new(() =>
        {
            try
            {
                RequestThread thread = Enter();
                refusal = thread.CanImpersonate || thread._ownUserId != 0 ? null : new ImpersonationException();
            }
            catch (LinuxException exception)
            {
                refusal = exception;
            }
        });
        trial.Start();
        trial.Join();
        if (refusal is not null)
        {
            throw refusal;
        }
    }

    /// <summary>
    /// Makes the calling thread act as a guest's user until the scope ends, as far as new files and their permission are concerned: SGID
    /// is kept only where the user is a member of the group. An ordinary user's process stays who it is.
    /// </summary>
    /// <param name="userId">The user, as the host knows it.</param>
    /// <param name="groupId">The group, as the host knows it.</param>
    /// <param name="supplementaryGroup">One more group of the user's, or null.</param>
    /// <returns>
    /// A scope whose error is zero, or negative when nothing has changed: EOVERFLOW for <see cref="InvalidId"/>, EINVAL for an id that the
    /// thread's user namespace does not know, EPERM where root may not act as others.
    /// </returns>
    public ImpersonationScope ActAs(uint userId, uint groupId, uint? supplementaryGroup)
    {
        if (userId == InvalidId || groupId == InvalidId || supplementaryGroup == InvalidId)
        {
            return new ImpersonationScope(-Errno.EOVERFLOW);
        }

        if (userId == _ownUserId && groupId == _ownGroupId && supplementaryGroup is null)
        {
            return default;
        }

        if (!CanImpersonate)
        {
            return _ownUserId == 0 ? new ImpersonationScope(-Errno.EPERM) : default;
        }

        int result = Borrow(userId, groupId, supplementaryGroup);
        if (result < 0)
        {
            GiveBack();
            return new ImpersonationScope(result);
        }

        return new ImpersonationScope(this);
    }

    /// <summary>
    /// Makes the calling thread one whose changes to a file take set-user-ID and set-group-ID bits from it, until the scope ends. The
    /// kernel spares the latter where the group may not execute the file and the caller is a member of its group.
    /// </summary>
    /// <param name="groupId">The caller's group, as the host knows it.</param>
    /// <returns>A scope whose error is zero, or negative when nothing has changed.</returns>
    public SetIdLossScope LoseSetId(uint groupId)
    {
        if (groupId == InvalidId)
        {
            return new SetIdLossScope(-Errno.EOVERFLOW);
        }

        int result = LoseSetIdRight(_effective, isKnown: true);
        if (result == 0 && CanImpersonate && groupId != _ownGroupId)
        {
            // A group that the user namespace does not know owns no file that could be changed here.
            result = BorrowGroup(groupId);
            result = result == -Errno.EINVAL ? 0 : result;
        }

        if (result < 0)
        {
            GiveBack();
            return new SetIdLossScope(result);
        }

        return new SetIdLossScope(this);
    }

    /// <summary>Makes the thread itself again.</summary>
    /// <exception cref="InvalidOperationException">It could not, and must answer nothing more.</exception>
    internal void GiveBack()
    {
        if (TryGiveBack() < 0)
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
    public int Without(Capability capabilities) => SetEffective(_effective & ~capabilities, isKnown: true);

    /// <summary>Takes back what <see cref="Without"/> gave up. Zero, or a negated error number.</summary>
    public int With(Capability capabilities) => SetEffective(_effective | (capabilities & _own.Permitted), isKnown: true);

    /// <summary>Gives up all capabilities but these for good. Zero, or a negated error number.</summary>
    internal int Keep(Capability kept)
    {
        ThreadCapabilities own = _own;
        int result = own.Keep(kept);
        if (result == 0)
        {
            // What is in force must stay what was given up before, such as CAP_SYS_RESOURCE.
            _own = own;
            _effective &= kept;
            result = _own.SetEffective(_effective);
        }

        return result;
    }

    /// <summary>
    /// Extended attributes go by a descriptor's name in this directory; from any other, the name could be that of somebody's file.
    /// </summary>
    private static void EnterDescriptorDirectory()
    {
        _ = LinuxException.Check(DescriptorDirectory.Enter(), "Entering '/proc/self/fd' failed");
        fixed (byte* here = ".\0"u8)
        {
            using FileDescriptor directory = new((int)LinuxException.Check(
                Files.Open(Files.WorkingDirectory, here, OpenFlags.Path | OpenFlags.Directory), "Opening '/proc/self/fd' failed"));
            int result = FileSystemStatus.Of(directory.Value, out FileSystemStatus system);
            if (result < 0 || system.Type != ProcFileSystem)
            {
                throw new LinuxException("'/proc' must be the kernel's own file system to share a directory", result < 0 ? -result : Errno.EOPNOTSUPP);
            }
        }
    }

    /// <summary>Whether the thread can act as others, found out by doing it: a capability alone does not tell what a sandbox lets through.</summary>
    private bool TryImpersonation()
    {
        const Capability Needed = Capability.SetUserId | Capability.SetGroupId;
        const uint Anybody = 1;
        if ((_effective & Needed) != Needed || (_ownUserId != 0 && LibC.Result(LibC.prctl(SetKeepCapabilities, 1, 0, 0, 0)) < 0))
        {
            return false;
        }

        // EPERM in user namespaces that have given it up for good (user_namespaces(7), setgroups).
        _mayChangeGroups = LibC.SystemCall(SetGroupsNumber, 0, 0) == 0;
        if (_mayChangeGroups && LibC.getgroups(0, null) != 0)
        {
            return false;
        }

        int result = Borrow(Anybody, Anybody, null);
        bool hasRights = result < 0 || (ThreadCapabilities.Read(out ThreadCapabilities now) == 0 && now.Effective == _effective);
        _ = LinuxException.Check(TryGiveBack(), "Taking back a thread's own credentials failed");
        return result is 0 or -Errno.EINVAL && hasRights;
    }

    private int Borrow(uint userId, uint groupId, uint? supplementaryGroup)
    {
        nint result = 0;
        if (supplementaryGroup is uint group && _mayChangeGroups)
        {
            result = LibC.SystemCall(SetGroupsNumber, 1, (nint)(&group));
            _borrowed |= result == 0 ? Borrowed.SupplementaryGroup : Borrowed.None;
        }

        if (result == 0 && groupId != _ownGroupId)
        {
            result = BorrowGroup(groupId);
        }

        if (result == 0 && userId != _ownUserId)
        {
            result = LibC.SystemCall(SetUserNumber, -1, (nint)userId, -1);
            _borrowed |= result == 0 ? Borrowed.User : Borrowed.None;
            result = result == 0 && LibC.geteuid() != userId ? -Errno.EPERM : result;
        }

        // A change from root to another user has just emptied the effective set, unless SECBIT_NO_SETUID_FIXUP is set (capabilities(7)).
        bool isKnown = (_borrowed & Borrowed.User) == 0;
        return result < 0 ? (int)result : userId == 0 ? SetEffective(_effective, isKnown) : LoseSetIdRight(_effective, isKnown);
    }

    private int TryGiveBack()
    {
        Borrowed borrowed = _borrowed;
        _borrowed = Borrowed.None;
        bool hasUser = (borrowed & Borrowed.User) != 0;
        Capability own = _effective | ((borrowed & Borrowed.SetIdLoss) != 0 ? Capability.KeepSetId : Capability.None);
        nint result = hasUser ? LibC.SystemCall(SetUserNumber, -1, (nint)_ownUserId, -1) : 0;

        // To become root, or to be root no longer, has changed the effective set here too.
        result = result < 0 ? result : SetEffective(own, isKnown: !hasUser);
        result = result < 0 || (borrowed & Borrowed.Group) == 0 ? result : LibC.SystemCall(SetGroupNumber, -1, (nint)_ownGroupId, -1);
        return (int)(result < 0 || (borrowed & Borrowed.SupplementaryGroup) == 0 ? result : LibC.SystemCall(SetGroupsNumber, 0, 0));
    }

    private int BorrowGroup(uint groupId)
    {
        int result = (int)LibC.SystemCall(SetGroupNumber, -1, (nint)groupId, -1);
        _borrowed |= result == 0 ? Borrowed.Group : Borrowed.None;
        return result == 0 && LibC.getegid() != groupId ? -Errno.EPERM : result;
    }

    private int LoseSetIdRight(Capability before, bool isKnown)
    {
        int result = SetEffective(before & ~Capability.KeepSetId, isKnown);
        bool isLost = result == 0 && (before & Capability.KeepSetId) != 0;
        _borrowed |= isLost ? Borrowed.SetIdLoss : Borrowed.None;
        return result;
    }

    /// <summary>Sets the effective capabilities; costs nothing where they are known to be what is wanted.</summary>
    private int SetEffective(Capability wanted, bool isKnown)
    {
        if (isKnown && wanted == _effective)
        {
            return 0;
        }

        int result = _own.SetEffective(wanted);
        _effective = result < 0 ? _effective : wanted;
        return result;
    }
}
