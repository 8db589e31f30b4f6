using VirtioFs.Fuse.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuse;

/// <summary>ioctl(2) on files and directories: only what concerns the file itself, and is known to be harmless to the host.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    /// <inheritdoc/>
    public nint Control(RequestContext request, ulong node, in ControlIn arguments, byte* input, byte* output)
    {
        FileControlRequest? known = FileControlRequest.Find(arguments.Command);
        if (known is null)
        {
            return -Errno.ENOTTY;
        }

        uint taken = known.Value.TakesInput ? known.Value.Size : 0;
        uint given = known.Value.GivesOutput ? known.Value.Size : 0;
        if (arguments.InputSize < taken || arguments.OutputSize < given)
        {
            return -Errno.EINVAL;
        }

        bool isDirectory = (arguments.Flags & ControlIn.OnDirectory) != 0;
        int result = _open.Pin(arguments.Handle, isDirectory, out OpenFilePin file);
        using (file)
        {
            if (result < 0)
            {
                return result;
            }

            // The kernel reads and writes in one place; what it does not write is zero, not an old answer.
            new Span<byte>(output, (int)known.Value.Size).Clear();
            new ReadOnlySpan<byte>(input, (int)taken).CopyTo(new Span<byte>(output, (int)known.Value.Size));
            result = FileControl.Send(file.Descriptor, arguments.Command, output);
            return result < 0 ? result : (nint)given;
        }
    }

    /// <inheritdoc/>
    public int Poll(RequestContext request, ulong node, in PollIn arguments, out PollOut ready)
    {
        // poll(2): regular files can always be read and written without waiting. POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM.
        ready = new PollOut { Events = arguments.Events & 0x145 };
        int result = _open.Pin(arguments.Handle, false, out OpenFilePin file);
        file.Dispose();
        return result;
    }
}
