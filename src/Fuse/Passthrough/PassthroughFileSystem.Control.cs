using System.Runtime.InteropServices;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.OpenFiles;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>ioctl(2) on files and directories: only what concerns the file itself, and is known to be harmless to the host.</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    /// <inheritdoc/>
    public nint Control(RequestContext request, ulong node, in ControlIn arguments, byte* input, byte* output)
    {
        if (FileControlRequest.Find(arguments.Command) is not FileControlRequest known)
        {
            return -Errno.ENOTTY;
        }

        if (arguments.InputSize < known.LeastInput || arguments.OutputSize < known.LeastOutput || arguments.InputSize > known.Size)
        {
            return -Errno.EINVAL;
        }

        if (known.Changes && !request.MayBlock)
        {
            return FileSystemResult.WouldBlock;
        }

        bool isDirectory = (arguments.Flags & ControlIn.OnDirectory) != 0;
        int result = _open.Pin(arguments.Handle, node, isDirectory, out OpenFilePin file);
        using (file)
        {
            if (result < 0)
            {
                return result;
            }

            // The kernel reads and writes in one place; what it does not write is zero, not an old answer.
            uint given = known.LeastOutput == 0 ? 0 : Math.Min(arguments.OutputSize, known.Size);
            new Span<byte>(output, (int)known.Size).Clear();
            new ReadOnlySpan<byte>(input, (int)arguments.InputSize).CopyTo(new Span<byte>(output, (int)known.Size));
            result = arguments.Command switch
            {
                FileControlRequest.GetEncryptionPolicy => LimitPolicy(output, given),
                FileControlRequest.MeasureVerity => LimitDigest(output, given),
                FileControlRequest.EnableVerity => PrepareVerity(request, file.Descriptor, output, arguments.InputSize),
                _ => 0,
            };
            result = result < 0 ? result : FileControl.Send(file.Descriptor, arguments.Command, output);
            return result < 0 ? result : (nint)given;
        }
    }

    /// <inheritdoc/>
    public int Poll(RequestContext request, ulong node, in PollIn arguments, out PollOut ready)
    {
        // poll(2): regular files can always be read and written without waiting. POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM.
        ready = new PollOut { Events = arguments.Events & 0x145 };
        int result = _open.Pin(arguments.Handle, node, isDirectory: false, out OpenFilePin file);
        file.Dispose();
        return result;
    }

    /// <summary>
    /// A policy gets no more room than the guest has for it. The Linux driver has one byte, as the request's number says, so it
    /// learns that a file is not encrypted (ENODATA), but of one that is only that its policy is larger (EOVERFLOW).
    /// </summary>
    private static int LimitPolicy(byte* argument, uint given)
    {
        ulong* size = (ulong*)argument;
        *size = Math.Min(*size, given - sizeof(ulong));
        return 0;
    }

    /// <summary>A digest gets no more room than the guest has for it: none where its driver is older than Linux 6.10.</summary>
    private static int LimitDigest(byte* argument, uint given)
    {
        const uint Header = 4;
        ushort* size = (ushort*)(argument + sizeof(ushort));
        *size = (ushort)Math.Min(*size, given - Header);
        return 0;
    }

    /// <summary>
    /// Salt and signature follow their structure, as the Linux driver sends them since 6.10; its pointers become those to here. The
    /// guest's kernel does not check who makes a file unchangeable for ever, so it is left to root and to the file's owner, where the
    /// guest says who asks: Linux does until 6.11.
    /// </summary>
    private int PrepareVerity(RequestContext request, int descriptor, byte* argument, uint length)
    {
        int result = FileStatus.Of(descriptor, out FileStatus status);
        if (result < 0 || (request.UserId != 0 && request.UserId != _userIds.ToGuest(status.UserId)))
        {
            return result < 0 ? result : -Errno.EACCES;
        }

        VerityArgument* verity = (VerityArgument*)argument;
        if ((ulong)verity->SaltSize + verity->SignatureSize != length - FileControlRequest.EnableVeritySize)
        {
            return -Errno.EINVAL;
        }

        verity->Salt = verity->SaltSize == 0 ? 0 : (ulong)(argument + FileControlRequest.EnableVeritySize);
        verity->Signature = verity->SignatureSize == 0 ? 0 : (ulong)(argument + FileControlRequest.EnableVeritySize + verity->SaltSize);
        return 0;
    }

    /// <summary>The beginning of <c>struct fsverity_enable_arg</c> (<c>linux/fsverity.h</c>); nothing but zeroes follow.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct VerityArgument
    {
        public uint Version;
        public uint HashAlgorithm;
        public uint BlockSize;
        public uint SaltSize;
        public ulong Salt;
        public uint SignatureSize;
        public uint Reserved;
        public ulong Signature;
    }
}
