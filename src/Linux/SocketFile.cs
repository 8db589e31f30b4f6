using System.Runtime.InteropServices;
using System.Text;

namespace VirtioFs.Linux;

/// <summary>The file that a Unix socket is bound to. Results are zero, or a negated error number.</summary>
public static unsafe class SocketFile
{
    private const int NoChange = -1;

    /// <summary>Takes the name away.</summary>
    public static int Remove(string path)
    {
        fixed (byte* name = Terminated(path))
        {
            return LibC.Result(LibC.unlink(name));
        }
    }

    /// <summary>Gives the file to a group.</summary>
    public static int SetGroup(string path, uint groupId)
    {
        fixed (byte* name = Terminated(path))
        {
            return LibC.Result(LibC.lchown(name, unchecked((uint)NoChange), groupId));
        }
    }

    /// <summary>Sets the permission.</summary>
    public static int SetMode(string path, UnixFileMode mode)
    {
        fixed (byte* name = Terminated(path))
        {
            return LibC.Result(LibC.chmod(name, (uint)mode));
        }
    }

    /// <summary>True when the kernel lists a listening socket that was bound to exactly this path (<c>/proc/net/unix</c>).</summary>
    public static bool IsListedAsListening(string path)
    {
        const string Accepting = "00010000";
        const int FlagsField = 3;
        try
        {
            foreach (string line in File.ReadLines("/proc/net/unix"))
            {
                if (line.EndsWith(' ' + path, StringComparison.Ordinal) && line.Split(' ')[FlagsField] == Accepting)
                {
                    return true;
                }
            }
        }
        catch (IOException)
        {
        }
        catch (UnauthorizedAccessException)
        {
        }

        return false;
    }

    /// <summary>True when somebody accepts connections there; this makes a connection and closes it.</summary>
    public static bool Answers(string path)
    {
        int socket = UnixSocket.Create();
        if (socket < 0)
        {
            return true;
        }

        // A listener whose backlog is full would make connect(2) wait.
        int result = SocketOptions.SetNonBlocking(socket);
        result = result < 0 ? result : UnixSocket.Connect(socket, path);
        FileDescriptor.Close(socket);
        return result is not (-Errno.ECONNREFUSED or -Errno.ENOENT);
    }

    private static byte[] Terminated(string path) => Encoding.UTF8.GetBytes(path + '\0');
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int unlink(byte* path);

    [LibraryImport(Library)]
    internal static partial int lchown(byte* path, uint userId, uint groupId);

    [LibraryImport(Library)]
    internal static partial int chmod(byte* path, uint mode);
}
