using System.Management.Automation;
using VirtioFs.LibvirtXml.Host;

namespace VirtioFs.Cmdlets;

/// <summary>Gets what libvirt's qemu.conf says of guest memory.</summary>
[Cmdlet(VerbsCommon.Get, "VMHostMemorySetting")]
[OutputType(typeof(VMHostMemorySetting))]
public sealed class GetVMHostMemorySettingCommand : HostCmdlet
{
    /// <summary>The file; libvirt's own when left out.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = QemuConfiguration.DefaultPath;

    /// <inheritdoc/>
    protected override void ProcessRecord() => Try(Path, () =>
    {
        if (TryGetFileSystemPath(Path, out string? file))
        {
            WriteObject(new VMHostMemorySetting(Await($"Reading '{file}'", () => QemuConfiguration.Load(file))));
        }
    });
}
