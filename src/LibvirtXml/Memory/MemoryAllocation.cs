namespace VirtioFs.LibvirtXml.Memory;

/// <summary>When guest memory is allocated: <c>&lt;allocation mode=…/&gt;</c>.</summary>
public enum MemoryAllocation
{
    /// <summary><c>immediate</c>: all of it when the guest starts.</summary>
    Immediate,

    /// <summary><c>ondemand</c>: when the guest touches it. libvirt refuses this with hugepages.</summary>
    OnDemand,
}
