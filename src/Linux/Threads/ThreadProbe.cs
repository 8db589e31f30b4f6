namespace VirtioFs.Linux;

/// <summary>
/// Lets other threads see what the kernel does with a thread: <c>/proc/thread-self/stat</c> (<c>proc_pid_stat(5)</c>), opened by the thread
/// itself and read by anyone.
/// </summary>
public sealed unsafe class ThreadProbe : IDisposable
{
    private readonly FileDescriptor _file;

    private ThreadProbe(int descriptor) => _file = new FileDescriptor(descriptor);

    /// <summary>A probe of the calling thread. Where there is no <c>/proc</c>, it knows nothing.</summary>
    public static ThreadProbe OfCaller() => new(Files.Open("/proc/thread-self/stat", OpenFlags.ReadOnly));

    /// <summary>
    /// Whether the thread runs, or would if a processor were free: state R. False while it waits for something, and where nothing is known.
    /// </summary>
    public bool IsRunnable
    {
        get
        {
            if (_file.IsInvalid || _file.IsClosed)
            {
                return false;
            }

            // The thread may end meanwhile; its number is not another file's before the read is over.
            bool isHeld = false;
            try
            {
                _file.DangerousAddRef(ref isHeld);
                return ReadsRunnable(_file.Value);
            }
            catch (ObjectDisposedException)
            {
                return false;
            }
            finally
            {
                if (isHeld)
                {
                    _file.DangerousRelease();
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static bool ReadsRunnable(int descriptor)
    {
        // The number, the name in parentheses, and the state.
        const int Enough = 128;
        byte* text = stackalloc byte[Enough];
        IoVec piece = new((nint)text, Enough);
        nint length = Files.Read(descriptor, new ReadOnlySpan<IoVec>(in piece), 0);
        return length > 0 && new ReadOnlySpan<byte>(text, (int)length).LastIndexOf(") R "u8) >= 0;
    }
}
