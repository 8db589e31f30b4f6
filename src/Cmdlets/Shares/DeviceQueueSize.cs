namespace VirtioFs.Cmdlets;

/// <summary>
/// How many entries the queues of a share's device get. One rule for all monitors: what the share offers, as far as monitors can. QEMU's own
/// default of 128 is slow, and a device with more entries than the share offers hangs.
/// </summary>
internal static class DeviceQueueSize
{
    /// <summary>The entries for a share that offers so many.</summary>
    internal static int Of(int offered) => Math.Min(offered, LibvirtXml.FileSystems.FileSystem.MaxQueueSize);
}
