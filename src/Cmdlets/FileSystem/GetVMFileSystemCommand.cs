using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>Gets the file systems of domains.</summary>
[Cmdlet(VerbsCommon.Get, "VMFileSystem", DefaultParameterSetName = NameSet)]
[OutputType(typeof(VMFileSystem))]
public sealed class GetVMFileSystemCommand : SelectingCmdlet
{
    /// <summary>Tags of the file systems, with wildcards; all when left out.</summary>
    [Parameter(Position = 1, ParameterSetName = NameSet)]
    [Parameter(Position = 0, ParameterSetName = PathSet)]
    [Parameter(Position = 0, ParameterSetName = LiteralPathSet)]
    [Parameter(Position = 0, ParameterSetName = InputObjectSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Tag
    {
        get;
        set => field = Once(field, value);
    }

    /// <summary>Gets only virtio-fs devices.</summary>
    [Parameter]
    public SwitchParameter VirtioFsOnly { get; set; }

    private protected override void Process(DomainTarget target) => Try(target.Definition.Name, () =>
    {
        foreach (LibvirtXml.FileSystems.FileSystem fileSystem in FileSystemSelection.Find(target.Definition, Tag))
        {
            if (!VirtioFsOnly || fileSystem.IsVirtioFs)
            {
                WriteObject(new VMFileSystem(fileSystem, target));
            }
        }
    });
}
