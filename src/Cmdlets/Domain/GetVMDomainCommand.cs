using System.Management.Automation;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>Gets domains from libvirt, from files or from texts.</summary>
[Cmdlet(VerbsCommon.Get, "VMDomain", DefaultParameterSetName = NameSet)]
[OutputType(typeof(VMDomain))]
public sealed class GetVMDomainCommand : DomainCmdlet
{
    private const string XmlSet = "Xml";

    /// <summary>Names of domains that libvirt knows, with wildcards, or their UUIDs; all when left out.</summary>
    [Parameter(Position = 0, ParameterSetName = NameSet)]
    [Alias("Domain", "DomainName")]
    [ArgumentCompleter(typeof(DomainNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name
    {
        get;
        set => field = UnlessPiped(value, nameof(Name));
    } = ["*"];

    /// <summary>Files with a domain's XML, with wildcards.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Files with a domain's XML; wildcard characters stand for themselves.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralPathSet)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>A domain's XML as a text, whole or line by line, or as a document; a path; or an object from Get-VMDomain, which is read anew.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = XmlSet)]
    [Alias("InputObject")]
    [DomainXml]
    [ValidateNotNull]
    public VMDomain? Xml { get; set; }

    /// <summary>Gets the definition for the next start, and not what a running guest has now.</summary>
    [Parameter(ParameterSetName = NameSet)]
    [Parameter(ParameterSetName = XmlSet)]
    public SwitchParameter Inactive { get; set; }

    /// <summary>Opens the connection for reading only, which needs fewer rights.</summary>
    [Parameter(ParameterSetName = NameSet)]
    [Parameter(ParameterSetName = XmlSet)]
    public SwitchParameter ReadOnly { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case XmlSet:
                WriteGiven(Read(Xml!));
                break;
            case PathSet:
                WriteFiles(Path, literal: false);
                break;
            case LiteralPathSet:
                WriteFiles(LiteralPath, literal: true);
                break;
            default:
                WriteDomains();
                break;
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => WriteGiven(ReadRest());

    /// <summary>What was read from a text or a file is new; a domain of libvirt or of a file is read once more.</summary>
    private void WriteGiven(IEnumerable<VMDomain> domains)
    {
        foreach (VMDomain given in domains)
        {
            Try(given.Name, () => WriteObject(Latest(given)));
        }
    }

    private VMDomain Latest(VMDomain given)
    {
        if (given.Identity is not null || given.Connection is not null)
        {
            using LibvirtDomain domain = FindDomain(given, ReadOnly);
            return ReadDomain(domain, Inactive);
        }

        return given is { Path: string path, Origin: null } ? VMDomain.FromFile(LoadFile(path)) : given;
    }

    private void WriteFiles(string[] paths, bool literal)
    {
        foreach (string file in paths.SelectMany(path => FindFiles(path, literal)))
        {
            Try(file, () => WriteObject(VMDomain.FromFile(LoadFile(file))));
        }
    }

    private void WriteDomains()
    {
        foreach (string name in Name)
        {
            Try(name, () =>
            {
                foreach (LibvirtDomain domain in FindDomains(name, ReadOnly))
                {
                    using (domain)
                    {
                        // A domain may vanish between the list and the question; the others are still there.
                        Try(domain.Name, () => WriteObject(ReadDomain(domain, Inactive)));
                    }
                }
            });
        }
    }
}
