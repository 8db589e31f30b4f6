namespace VirtioFs.Linux;

/// <summary>Acting as a guest's user, which ends with the scope (<see cref="RequestThread.ActAs"/>).</summary>
public readonly ref struct ImpersonationScope
{
    private readonly RequestThread? _thread;

    /// <summary>A scope in which nothing has changed, since it was refused.</summary>
    /// <param name="error">A negated error number.</param>
    public ImpersonationScope(int error) => Error = error;

    internal ImpersonationScope(RequestThread thread) => _thread = thread;

    /// <summary>Zero, or a negated error number; then nothing may be made.</summary>
    public int Error { get; }

    /// <summary>Makes the thread itself again.</summary>
    /// <exception cref="InvalidOperationException">It could not, and must answer nothing more.</exception>
    public void Dispose() => _thread?.GiveBack();
}
