using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>Defines domains in libvirt from files.</summary>
[Cmdlet(VerbsData.Import, "VMDomain", DefaultParameterSetName = PathSet, SupportsShouldProcess = true)]
[OutputType(typeof(VMDomain))]
public sealed class ImportVMDomainCommand : DomainCmdlet
{
    /// <summary>Files with a domain's XML, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path
    {
        get;
        set => field = UnlessPiped(value, nameof(Path));
    } = [];

    /// <summary>Files with a domain's XML; wildcard characters stand for themselves.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralPathSet)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Changes the definition of a domain that libvirt has under this name already.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Lets libvirt take XML that its schema does not know.</summary>
    [Parameter]
    public SwitchParameter SkipValidation { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        bool literal = ParameterSetName == LiteralPathSet;
        foreach (string file in (literal ? LiteralPath : Path).SelectMany(path => FindFiles(path, literal)))
        {
            Try(file, () => Import(LoadFile(file).Domain));
        }
    }

    private void Import(Domain file)
    {
        LibvirtConnection connection = Connect();
        using DomainChange change = Await($"Reading the domain '{file.Name}' at {connection.Uri}", () => DomainChange.Define(connection, file, makePersistent: Force));
        if (change.Present is not null && !Force)
        {
            throw new DomainRuleException(
                "DomainExists",
                $"The domain '{file.Name}' is defined at {connection.Uri} already. Pass -Force to change it, or give the file's domain another name.",
                ErrorKind.AlreadyExists);
        }

        if (Confirms(file.Name, change.Describe(), "Define a virtual machine"))
        {
            using DomainChangeReport report = Await($"Defining the domain '{file.Name}'", () => change.Commit(!SkipValidation));
            WriteObject(ReadDomain(report.Domain, inactive: true));
        }
    }
}
