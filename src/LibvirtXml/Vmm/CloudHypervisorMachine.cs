namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>What Cloud Hypervisor says of its machine (`vm.info`).</summary>
/// <param name="State">Its state, such as <c>Running</c>.</param>
/// <param name="BootVirtualCpus">The vCPUs that it boots with.</param>
/// <param name="HasSharedMemory">Whether its memory is shared.</param>
/// <param name="HasHugePages">Whether its memory is hugepages.</param>
/// <param name="Tags">The tags of its file systems.</param>
public sealed record CloudHypervisorMachine(
    string State,
    int BootVirtualCpus,
    bool HasSharedMemory,
    bool HasHugePages,
    IReadOnlyList<string> Tags);
