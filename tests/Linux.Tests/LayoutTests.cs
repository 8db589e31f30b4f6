using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace VirtioFs.Linux.Tests;

/// <summary>The structures that are handed to the kernel, held against the machine's own headers.</summary>
public sealed class LayoutTests
{
    private static readonly (string Structure, string Type, (string Field, string Member)[] Fields)[] s_structures =
    [
        ("iovec", "VirtioFs.Linux.IoVec", []),
        ("pollfd", "VirtioFs.Linux.PollEntry", [("fd", "Descriptor"), ("events", "Events"), ("revents", "Happened")]),
        ("ucred", "VirtioFs.Linux.PeerCredentials", []),
        ("msghdr", "VirtioFs.Linux.UnixSocket+MessageHeader", [("msg_iov", "Pieces"), ("msg_control", "Control"), ("msg_flags", "Flags")]),
        ("cmsghdr", "VirtioFs.Linux.UnixSocket+ControlHeader", [("cmsg_level", "Level"), ("cmsg_type", "Type")]),
        ("sockaddr_un", "VirtioFs.Linux.UnixSocket+SocketAddress", [("sun_path", "Path")]),
        ("statfs", "VirtioFs.Linux.FileSystemStatus", [("f_files", "Files"), ("f_namelen", "NameLength"), ("f_frsize", "FragmentSize")]),
        ("statx", "VirtioFs.Linux.FileStatus",
            [("stx_mode", "Mode"), ("stx_ino", "Inode"), ("stx_btime", "BirthTime"), ("stx_rdev_major", "RepresentedMajor"), ("stx_dev_minor", "DeviceMinor"), ("stx_mnt_id", "MountId")]),
        ("statx_timestamp", "VirtioFs.Linux.FileTime", []),
        ("rlimit", "VirtioFs.Linux.ProcessLimits+ResourceLimit", []),
        ("flock", "VirtioFs.Linux.FileLocks+RecordLock", [("l_start", "Start"), ("l_len", "Length"), ("l_pid", "Process")]),
        ("__user_cap_header_struct", "VirtioFs.Linux.ThreadCapabilities+Header", []),
        ("__user_cap_data_struct[2]", "VirtioFs.Linux.ThreadCapabilities", []),
    ];

    [Fact]
    public void Every_structure_has_the_size_and_offsets_of_the_machines_own_headers()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/cc"), "There is no C compiler.");
        StringBuilder source = new("""
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <poll.h>
            #include <stddef.h>
            #include <stdio.h>
            #include <sys/resource.h>
            #include <sys/socket.h>
            #include <sys/stat.h>
            #include <sys/statfs.h>
            #include <sys/uio.h>
            #include <sys/un.h>
            #include <linux/capability.h>
            int main(void) {

            """);
        List<string> expected = [];
        foreach ((string structure, string typeName, (string Field, string Member)[] fields) in s_structures)
        {
            Type type = typeof(Errno).Assembly.GetType(typeName, throwOnError: true)!;
            Line(source, expected, structure, $"sizeof(struct {structure})", SizeOf(type));
            foreach ((string field, string member) in fields)
            {
                Line(source, expected, $"{structure}.{field}", $"offsetof(struct {structure}, {field})", OffsetOf(type, member));
            }
        }

        Assert.Equal(expected, RunC(source.Append("return 0; }\n").ToString()));
    }

    private static void Line(StringBuilder source, List<string> expected, string name, string expression, int value)
    {
        _ = source.AppendLine(CultureInfo.InvariantCulture, $"printf(\"{name} %zu\\n\", {expression});");
        expected.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {value}"));
    }

    private static int SizeOf(Type type) => (int)typeof(System.Runtime.CompilerServices.Unsafe)
        .GetMethod(nameof(System.Runtime.CompilerServices.Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static int OffsetOf(Type type, string member)
    {
        const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        Assert.NotNull(type.GetField(member, Any));
#pragma warning disable CA1421 // The structures are blittable: their layout is the same with and without the runtime's marshalling.
        return (int)Marshal.OffsetOf(type, member);
#pragma warning restore CA1421
    }

    private static string[] RunC(string source)
    {
        string folder = Directory.CreateTempSubdirectory("virtiofs-layout-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "layout.c"), source);
            using (Process compiler = Process.Start("/usr/bin/cc", ["-o", Path.Combine(folder, "layout"), Path.Combine(folder, "layout.c")]))
            {
                compiler.WaitForExit();
                Assert.Equal(0, compiler.ExitCode);
            }

            using Process program = Process.Start(new ProcessStartInfo(Path.Combine(folder, "layout")) { RedirectStandardOutput = true })!;
            return program.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
