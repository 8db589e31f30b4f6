namespace VirtioFs.Fuse.Wire;

/// <summary>Device numbers in 32 bits, as Linux packs them for user space (<c>new_encode_dev</c>, <c>linux/kdev_t.h</c>).</summary>
public static class DeviceNumber
{
    /// <summary>Packs a pair.</summary>
    public static uint Pack(uint major, uint minor) => (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}
