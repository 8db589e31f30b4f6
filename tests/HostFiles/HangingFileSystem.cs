using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VirtioFs.HostFiles;

/// <summary>A FUSE file system of the host whose root can be looked at, while who looks up a name in it hangs until it is taken away.</summary>
internal sealed partial class HangingFileSystem : IDisposable
{
    // fuse.h: the opcodes that a look at the root takes, and those that get no answer.
    private const uint Lookup = 1, Forget = 2, GetAttributes = 3, FileSystemStatus = 17, Initialize = 26, OpenDirectory = 27;
    private const uint Interrupt = 36, ForgetMany = 42;
    private const int NotImplemented = -38;
    private const int HeaderSize = 16, RequestSize = 1 << 18;
    private const int Force = 1, Detach = 2;

    private readonly string _path;
    private readonly FileStream _device;
    private readonly Thread _thread;

    private HangingFileSystem(string path, FileStream device)
    {
        (_path, _device) = (path, device);
        _thread = new Thread(Answer) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Mounts it on a directory. The test is skipped where that is not possible.</summary>
    internal static HangingFileSystem Mount(string path)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists("/dev/fuse"), "Mounting a FUSE file system takes root and /dev/fuse.");
        FileStream device = new("/dev/fuse", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        int descriptor = (int)device.SafeFileHandle.DangerousGetHandle();
        if (mount("hanging", path, "fuse", 0, $"fd={descriptor},rootmode=40000,user_id=0,group_id=0") != 0)
        {
            device.Dispose();
            Assert.Skip($"A FUSE file system cannot be mounted here: error {Marshal.GetLastPInvokeError()}.");
        }

        return new HangingFileSystem(path, device);
    }

    public void Dispose()
    {
        // Forced, so that who hangs in it comes back with an error.
        _ = umount2(_path, Force);
        _ = umount2(_path, Detach);
        _thread.Join();
        _device.Dispose();
    }

    private void Answer()
    {
        byte[] request = new byte[RequestSize];
        SafeFileHandle device = _device.SafeFileHandle;
        while (read(device, request, request.Length) is nint length and > 0)
        {
            uint opcode = BinaryPrimitives.ReadUInt32LittleEndian(request.AsSpan(4));
            if (opcode is Lookup or Forget or Interrupt or ForgetMany)
            {
                continue;
            }

            byte[] content = opcode switch
            {
                Initialize => DescribeProtocol(),
                GetAttributes => DescribeRoot(),
                FileSystemStatus => new byte[80],
                OpenDirectory => new byte[16],
                _ => [],
            };
            byte[] answer = new byte[HeaderSize + content.Length];
            BinaryPrimitives.WriteInt32LittleEndian(answer, answer.Length);
            BinaryPrimitives.WriteInt32LittleEndian(answer.AsSpan(4), content.Length == 0 ? NotImplemented : 0);
            request.AsSpan(8, 8).CopyTo(answer.AsSpan(8));
            content.CopyTo(answer, HeaderSize);
            _ = write(device, answer, answer.Length);
        }
    }

    // struct fuse_init_out: version 7.31, nothing offered, writes of a page.
    private static byte[] DescribeProtocol()
    {
        byte[] content = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(content, 7);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(4), 31);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(20), 4096);
        return content;
    }

    // struct fuse_attr_out: good for an hour, inode 1, a directory with two links.
    private static byte[] DescribeRoot()
    {
        byte[] content = new byte[104];
        BinaryPrimitives.WriteUInt64LittleEndian(content, 3600);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(16), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(16 + 60), 0x41ed);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(16 + 64), 2);
        return content;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, nuint flags, string options);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);

    // Not by FileStream: it would hold a read against a write.
    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle descriptor, byte[] buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle descriptor, byte[] buffer, nint count);
}
