
namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>A device that Cloud Hypervisor has plugged in (`PciDeviceInfo`).</summary>
/// <param name="Id">Its name, by which it is removed.</param>
/// <param name="PciAddress">Its place in the guest, such as <c>0000:00:06.0</c>; null while the machine is not running.</param>
public sealed record CloudHypervisorDevice(string Id, string? PciAddress);
