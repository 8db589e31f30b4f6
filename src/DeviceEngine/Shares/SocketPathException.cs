namespace VirtioFs.DeviceEngine.Shares;

/// <summary>The path of a share's socket is taken by something that must not be replaced.</summary>
public sealed class SocketPathException : IOException
{
    internal SocketPathException(string path, SocketPathProblem problem) : base(Describe(path, problem)) =>
        (Path, Problem) = (path, problem);

    /// <summary>The path.</summary>
    public string Path { get; }

    /// <summary>What is wrong with it.</summary>
    public SocketPathProblem Problem { get; }

    private static string Describe(string path, SocketPathProblem problem) => problem switch
    {
        SocketPathProblem.NotASocket => $"'{path}' exists and is not a socket. Choose another socket path, or remove it first.",
        SocketPathProblem.NotOurs => $"'{path}' is a socket that another user left behind. Remove it first, or choose another socket path.",
        _ => $"A program has already taken the socket '{path}'. Stop it, or choose another socket path.",
    };
}
