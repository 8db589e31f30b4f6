using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;

namespace VirtioFs.Cmdlets;

/// <summary>Removes file systems from domains, and unplugs them from running guests when asked.</summary>
[Cmdlet(VerbsCommon.Remove, "VMFileSystem", DefaultParameterSetName = NameSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(VMDomain))]
public sealed class RemoveVMFileSystemCommand : EditingCmdlet
{
    private const string FileSystemSet = "FileSystem";

    /// <summary>Tags of the file systems, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = NameSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = LiteralPathSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = InputObjectSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Tag
    {
        get;
        set => field = Once(field, value);
    } = [];

    /// <summary>A file system from Get-VMFileSystem; it is removed where it was read from.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = FileSystemSet)]
    [ValidateNotNull]
    public VMFileSystem? FileSystem { get; set; }

    /// <summary>Unplugs the device from the running guest too. Unmount it there first: a guest that uses it may hang.</summary>
    [Parameter(ParameterSetName = NameSet)]
    [Parameter(ParameterSetName = FileSystemSet)]
    public SwitchParameter Live { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (FileSystem is null)
        {
            base.ProcessRecord();
            return;
        }

        Try(FileSystem.DomainName, () => Remove(Again(FileSystem.Origin), domain => [domain.GetFileSystem(FileSystem.Device)]));
    }

    private protected override void Process(DomainTarget target) =>
        Try(target.Definition.Name, () => Remove(target, domain => FileSystemSelection.Find(domain, Tag)));

    private void Remove(DomainTarget target, Func<Domain, IEnumerable<LibvirtXml.FileSystems.FileSystem>> select)
    {
        if (Live && target is LibvirtTarget running && CanPlug(running))
        {
            foreach (string tag in FileSystem is null ? select(target.Definition).Select(device => device.Tag ?? string.Empty) : [FileSystem.Tag ?? string.Empty])
            {
                Unplug(running, tag);
            }

            return;
        }

        Edit(target, "Remove a file system from", domain =>
        {
            LibvirtXml.FileSystems.FileSystem[] devices = [.. select(domain)];
            return new ChangeResult([.. devices.SelectMany(device => domain.RemoveFileSystem(domain.GetFileSystem(device)).Changes)], []);
        });
    }

    private void Unplug(LibvirtTarget target, string tag) => Try(target.Domain.Name, () =>
    {
        LiveFileSystems guest = new(target.Domain);
        guest.RequireActive();
        Domain running = target.Domain.GetDefinition();
        LibvirtXml.FileSystems.FileSystem device = FileSystem is null ? running.GetFileSystem(tag) : running.GetFileSystem(FileSystem.Device);
        bool isDefined = target.Domain.IsPersistent && target.Definition.FileSystems.Any(present => present.Tag == tag);
        if (Confirms(target, $"Unplug a file system from the running guest{(isDefined ? ", and remove it from the definition," : string.Empty)} of", running.RemoveFileSystem(device).Changes))
        {
            Await($"Waiting for the guest '{target.Domain.Name}' to let '{tag}' go", () => guest.Unplug(device));
            Emit(target);
        }
    });
}
