namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>The parts of Cloud Hypervisor's API that are used here, under the names of its own description (cloud-hypervisor.yaml).</summary>
internal static class CloudHypervisorApi
{
    internal sealed record VmInfo(string? State, VmConfig? Config);

    internal sealed record VmConfig(CpusConfig? Cpus, MemoryConfig? Memory, IReadOnlyList<FsTag?>? Fs);

    internal sealed record CpusConfig(int? BootVcpus);

    internal sealed record MemoryConfig(bool? Shared, bool? Hugepages);

    internal sealed record FsTag(string? Tag);

    internal sealed record FsConfig(string Tag, string Socket, int NumQueues, int QueueSize, string? Id, int? PciSegment);

    internal sealed record PciDeviceInfo(string? Id, string? Bdf);

    internal sealed record VmRemoveDevice(string Id);
}
