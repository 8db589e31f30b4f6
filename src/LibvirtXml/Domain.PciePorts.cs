using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Xml;

namespace VirtioFs.LibvirtXml;

/// <content>The ports that a PCI Express guest takes devices into while it runs.</content>
public sealed partial class Domain
{
    /// <summary>
    /// Adds a pcie-root-port that no device is assigned to, so that one can be plugged into the guest once it has started with it: libvirt
    /// makes just as many ports as there are devices, and a q35 guest has no other place for more.
    /// </summary>
    /// <returns>What was changed.</returns>
    /// <exception cref="DomainRuleException">The guest's machine has no PCI Express bus.</exception>
    public ChangeResult AddPciePort()
    {
        if (IsS390 || (Machine is string machine && !machine.Contains("q35", StringComparison.Ordinal) && !machine.StartsWith("virt", StringComparison.Ordinal)))
        {
            throw new DomainRuleException(
                "NoPciExpress",
                $"The machine '{Machine}' of the domain '{this}' has no PCI Express bus, so it takes no pcie-root-port, and needs none to have a device plugged in. Leave the port out.");
        }

        int before = PciePorts();
        Rewrite(() =>
        {
            XmlElement devices = Root.Child("devices") ?? _document.Layout.Add(Root, new XmlNew("devices"), DomainXml.Before("devices"));
            _document.Layout.Add(devices, new XmlNew("controller").With("type", "pci").With("model", "pcie-root-port"), DeviceOrder.UpToController);
        });
        return new ChangeResult([new Change("pcie-root-ports", $"{before}", $"{before + 1}")], []);
    }

    private int PciePorts() => Root.Child("devices")?.ChildrenNamed("controller").Count(controller => controller.Attribute("model") == "pcie-root-port") ?? 0;
}
