namespace VirtioFs.Linux;

/// <summary>
/// A jail for the threads that answer for one file system; each enters it for itself and never leaves it. The process's other threads keep
/// their rights and their view. What such a thread makes is in the jail too.
/// </summary>
/// <remarks>
/// <para>
/// The layers are those that the kernel, and whatever confines the process, allows. That is found out once, by doing it on a thread that ends
/// with it; a thread that then gets less than that one did must not answer anything.
/// </para>
/// <para>
/// The .NET runtime makes threads of its own where it needs them, and may do so from a thread in the jail: for compiling methods that are
/// called often, for one. Those are in the jail as well. So the directories of the runtime and of the program can be read from within.
/// Collecting garbage, which any thread may have to do, the runtime reads how much memory there is; where it cannot once, it never tries
/// again (<c>gcenv.unix.cpp</c>), and the whole process would be worse off.
/// </para>
/// </remarks>
public sealed class ThreadJail : IDisposable
{
    [ThreadStatic]
    private static bool t_isHere;

    [ThreadStatic]
    private static bool t_hasLandlock;

    private readonly JailNeeds _needs;
    private readonly List<FileDescriptor> _held = [];
    private readonly FileDescriptor? _rules;

    private readonly bool _leavesLandlockOut;

    private ThreadJail(in JailNeeds needs, IReadOnlyList<string> readable, bool leavesLandlockOut)
    {
        (_needs, _leavesLandlockOut) = (needs, leavesLandlockOut);
        LandlockVersion = leavesLandlockOut ? 0 : Math.Max(0, Landlock.Version);
        _rules = LandlockVersion > 0 ? MakeRules(readable) : null;
        Thread trial = new(() =>
        {
            try
            {
                Layers = TryEnter(RequestThread.Enter(), out string? lacking);
                Lacking = lacking;
            }
            catch (LinuxException fault)
            {
                Lacking = fault.Message;
            }
        });
        trial.Start();
        trial.Join();
    }

    /// <summary>Whether the calling thread is in a jail.</summary>
    public static bool IsHere => t_isHere;

    /// <summary>Whether the calling thread is confined by Landlock, which refuses files that the kernel knows by no name.</summary>
    public static bool HasLandlock => t_hasLandlock;

    /// <summary>What confines each of the threads.</summary>
    public JailLayers Layers { get; private set; }

    /// <summary>The version of Landlock's interface that is used; 0 where there is none.</summary>
    public int LandlockVersion { get; }

    /// <summary>Why the first of the layers that are left out is, as a sentence; null where all hold.</summary>
    public string? Lacking { get; private set; }

    /// <summary>Prepares a jail, and finds out which of its layers can be had.</summary>
    /// <param name="needs">What must go on in it.</param>
    /// <param name="readable">
    /// Files, and directories with all below, that can be read from within: those of the program itself. What is not there is passed over.
    /// </param>
    /// <param name="leavesLandlockOut">Whether to do without Landlock where it would refuse files that a guest may use.</param>
    public static ThreadJail Create(in JailNeeds needs, IReadOnlyList<string> readable, bool leavesLandlockOut = false)
    {
        ArgumentNullException.ThrowIfNull(readable);
        return new ThreadJail(needs, readable, leavesLandlockOut && needs.OpensByHandle);
    }

    /// <summary>Brings the calling thread into the jail.</summary>
    /// <exception cref="LinuxException">A layer cannot be had that the first thread had. The thread must end.</exception>
    public void Enter(RequestThread thread)
    {
        ArgumentNullException.ThrowIfNull(thread);
        JailLayers layers = TryEnter(thread, out string? lacking);
        if ((layers & Layers) != Layers)
        {
            throw new LinuxException($"A thread could not be confined as the first one was ({lacking})", Errno.EPERM);
        }
    }

    /// <summary>Lets go of the rules; threads that are in the jail stay in it.</summary>
    public void Dispose()
    {
        _rules?.Dispose();
        _held.ForEach(descriptor => descriptor.Dispose());
    }

    /// <summary>The layers, with the version of Landlock.</summary>
    public override string ToString() => Describe(Layers, LandlockVersion);

    private static string Describe(JailLayers layers, int version)
    {
        IEnumerable<string> names = Enum.GetValues<JailLayers>()
            .Where(layer => layer is not (JailLayers.None or JailLayers.All) && (layers & layer) != 0)
            .Select(layer => layer == JailLayers.Landlock ? $"{layer} {version}" : layer.ToString());
        return layers == JailLayers.None ? nameof(JailLayers.None) : string.Join(", ", names);
    }

    private FileDescriptor? MakeRules(IReadOnlyList<string> readable)
    {
        int rules = Landlock.Create(LandlockVersion);
        if (rules < 0 || FileStatus.Of(_needs.Tree, out FileStatus status) < 0
            || Landlock.AddTree(rules, LandlockVersion, _needs.Tree, status.Type == FileStatus.Directory) < 0)
        {
            FileDescriptor.Close(rules);
            return null;
        }

        foreach (string path in readable)
        {
            AddReadable(rules, path);
        }

        return new FileDescriptor(rules);
    }

    private void AddReadable(int rules, string path)
    {
        FileDescriptor file = new(Files.Open(path, OpenFlags.Path));
        if (file.IsInvalid || FileStatus.Of(file.Value, out FileStatus status) < 0)
        {
            file.Dispose();
            return;
        }

        bool isDirectory = status.Type == FileStatus.Directory;
        _ = Landlock.Add(rules, file.Value, isDirectory ? Landlock.Reading : Landlock.ReadingFile);
        if (isDirectory)
        {
            file.Dispose();
            return;
        }

        // A file of /proc is another one to the kernel, and to the rule, after nobody has used it for a while.
        _held.Add(file);
    }

    /// <summary>Puts every layer around the calling thread that it can have. The filter comes last, since it refuses what makes the others.</summary>
    private JailLayers TryEnter(RequestThread thread, out string? lacking)
    {
        const int SetNoNewPrivileges = 38;
        lacking = null;
        t_isHere = true;
        JailLayers layers = JailLayers.None;
        Add(JailLayers.NoNewPrivileges, LibC.Result(LibC.prctl(SetNoNewPrivileges, 1, 0, 0, 0)), ref layers, ref lacking);
        Add(JailLayers.Capabilities, thread.Keep(_needs.Capabilities), ref layers, ref lacking);
        if (_leavesLandlockOut)
        {
            lacking ??= "Landlock is left out, since it refuses files that are opened by handles and have no name in the kernel's cache.";
        }
        else
        {
            Add(JailLayers.Landlock, _rules is null ? -Errno.EOPNOTSUPP : Landlock.Restrict(_rules.Value), ref layers, ref lacking);
        }

        t_hasLandlock = layers.HasFlag(JailLayers.Landlock);
        Add(JailLayers.Seccomp, SystemCallFilter.Install(), ref layers, ref lacking);
        return layers;
    }

    private static void Add(JailLayers layer, int result, ref JailLayers layers, ref string? lacking)
    {
        layers |= result < 0 ? JailLayers.None : layer;
        lacking ??= result < 0 ? $"{layer} cannot be had here: {Errno.Describe(-result)}" : null;
    }
}
