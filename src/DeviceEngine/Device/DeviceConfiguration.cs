using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace VirtioFs.DeviceEngine.Device;

/// <summary>The configuration space that the guest reads (<c>struct virtio_fs_config</c>, <c>linux/virtio_fs.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceConfiguration
{
    /// <summary>Bytes of the tag in UTF-8 (virtio 1.2 §5.11.4).</summary>
    internal const int MaximumTagLength = 36;

    internal TagBytes Tag;
    internal uint RequestQueues;

    internal static DeviceConfiguration Of(string tag, int requestQueues)
    {
        DeviceConfiguration configuration = new() { RequestQueues = (uint)requestQueues };
        Encoding.UTF8.GetBytes(tag, configuration.Tag);
        return configuration;
    }

    /// <summary>UTF-8, filled up with NULs, without one where it is full.</summary>
    [InlineArray(MaximumTagLength)]
    internal struct TagBytes
    {
        private byte _first;
    }
}
