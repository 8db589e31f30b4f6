using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using VirtioFs.DeviceEngine.Device;
using VirtioFs.DeviceEngine.Memory;
using VirtioFs.DeviceEngine.Rings;
using VirtioFs.DeviceEngine.VhostUser;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Structures and constants against the C headers of the machine, and against vhost-user's text where no header has them.</summary>
public sealed class WireLayoutTests
{
    private static readonly (string Expression, long Value)[] Facts =
    [
        ("sizeof(struct vhost_vring_state)", Unsafe.SizeOf<RingState>()),
        ("sizeof(struct vhost_vring_addr)", Unsafe.SizeOf<RingAddresses>()),
        ("offsetof(struct vhost_vring_addr, flags)", Offset(new RingAddresses(0, 1, 0, 0, 0, 0))),
        ("offsetof(struct vhost_vring_addr, desc_user_addr)", Offset(new RingAddresses(0, 0, 1, 0, 0, 0))),
        ("offsetof(struct vhost_vring_addr, used_user_addr)", Offset(new RingAddresses(0, 0, 0, 1, 0, 0))),
        ("offsetof(struct vhost_vring_addr, avail_user_addr)", Offset(new RingAddresses(0, 0, 0, 0, 1, 0))),
        ("offsetof(struct vhost_vring_addr, log_guest_addr)", Offset(new RingAddresses(0, 0, 0, 0, 0, 1))),
        ("VHOST_VRING_F_LOG", 0),
        ("1 << VHOST_VRING_F_LOG", RingAddresses.LogUsedRing),
        ("1L << VHOST_F_LOG_ALL", (long)DeviceFeatures.LogAll),
        ("1L << VIRTIO_RING_F_INDIRECT_DESC", (long)DeviceFeatures.IndirectDescriptors),
        ("1L << VIRTIO_RING_F_EVENT_IDX", (long)DeviceFeatures.EventIndex),
        ("1L << VIRTIO_F_VERSION_1", (long)DeviceFeatures.Version1),
        ("sizeof(struct vring_desc)", Unsafe.SizeOf<RingDescriptor>()),
        ("offsetof(struct vring_desc, len)", Offset(new RingDescriptor(0, 1, 0, 0))),
        ("offsetof(struct vring_desc, flags)", Offset(new RingDescriptor(0, 0, 1, 0))),
        ("offsetof(struct vring_desc, next)", Offset(new RingDescriptor(0, 0, 0, 1))),
        ("VRING_DESC_F_NEXT", RingDescriptor.HasNext),
        ("VRING_DESC_F_WRITE", RingDescriptor.Writable),
        ("VRING_DESC_F_INDIRECT", RingDescriptor.Indirect),
        ("sizeof(struct vring_used_elem)", Unsafe.SizeOf<UsedElement>()),
        ("offsetof(struct vring_used, ring)", 4),
        ("offsetof(struct vring_avail, ring)", 4),
        ("VRING_USED_F_NO_NOTIFY", 1),
        ("VRING_AVAIL_F_NO_INTERRUPT", 1),
        ("sizeof(struct virtio_fs_config)", Unsafe.SizeOf<DeviceConfiguration>()),
        ("offsetof(struct virtio_fs_config, num_request_queues)", Offset(new DeviceConfiguration { RequestQueues = 1 })),
        ("VIRTIO_CONFIG_S_NEEDS_RESET", 0x40),
    ];

    [Fact]
    public void Structures_are_those_of_the_machines_own_headers()
    {
        Assert.SkipUnless(File.Exists("/usr/include/linux/vhost_types.h"), "The kernel headers (linux-libc-dev) are not installed.");
        Assert.SkipUnless(File.Exists("/usr/bin/cc"), "There is no C compiler.");
        StringBuilder source = new();
        foreach (string header in (string[])["stdio.h", "stddef.h", "linux/vhost_types.h", "linux/virtio_ring.h", "linux/virtio_config.h", "linux/virtio_fs.h"])
        {
            _ = source.Append("#include <").Append(header).Append(">\n");
        }

        _ = source.Append("int main(void) {\n");
        foreach ((string expression, long _) in Facts)
        {
            _ = source.Append("printf(\"").Append(expression).Append(" %ld\\n\", (long)(").Append(expression).Append("));\n");
        }

        DirectoryInfo folder = Directory.CreateTempSubdirectory("vfs-layout-");
        try
        {
            string program = Path.Combine(folder.FullName, "layout");
            File.WriteAllText(program + ".c", source.Append("return 0; }\n").ToString());
            using (Process compiler = Process.Start("/usr/bin/cc", ["-o", program, program + ".c"]))
            {
                compiler.WaitForExit();
                Assert.Equal(0, compiler.ExitCode);
            }

            using Process layout = Process.Start(new ProcessStartInfo(program) { RedirectStandardOutput = true })!;
            string[] lines = layout.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(Facts.Select(fact => $"{fact.Expression} {fact.Value}"), lines);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // These are in no header of the system: vhost-user, "Message specification".
    [Fact]
    public void Messages_have_the_sizes_of_the_specification()
    {
        Assert.Equal(12, Unsafe.SizeOf<MessageHeader>());
        Assert.Equal(32, Unsafe.SizeOf<RegionDescription>());
        Assert.Equal(16, Unsafe.SizeOf<LogDescription>());
        Assert.Equal(12, Unsafe.SizeOf<ConfigurationAccess>());
    }

    // Of a structure of which one member alone is not zero.
    private static long Offset<T>(T value) where T : unmanaged =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).IndexOfAnyExcept((byte)0);
}
