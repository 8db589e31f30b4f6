namespace VirtioFs.Linux;

/// <summary>Having no right to keep set-id bits of what is changed, which ends with the scope (<see cref="RequestThread.LoseSetId"/>).</summary>
public readonly ref struct SetIdLossScope
{
    private readonly RequestThread? _thread;

    internal SetIdLossScope(int error) => Error = error;

    internal SetIdLossScope(RequestThread thread) => _thread = thread;

    /// <summary>Zero, or a negated error number; then nothing may be changed.</summary>
    public int Error { get; }

    /// <summary>Makes the thread itself again.</summary>
    /// <exception cref="InvalidOperationException">It could not, and must answer nothing more.</exception>
    public void Dispose() => _thread?.GiveBack();
}
