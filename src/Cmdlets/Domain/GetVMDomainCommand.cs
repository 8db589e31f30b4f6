using System.Management.Automation;
using VirtioFs.LibvirtXml;

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
    public string[] Name { get; set; } = ["*"];

    /// <summary>Files with a domain's XML, with wildcards.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Files with a domain's XML; wildcard characters stand for themselves.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralPathSet)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>A domain's XML as one text; a text that does not begin with &lt; is the path of a file.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = XmlSet)]
    [ValidateNotNullOrEmpty]
    public string Xml { get; set; } = string.Empty;

    /// <summary>Gets the definition for the next start, and not what a running guest has now.</summary>
    [Parameter(ParameterSetName = NameSet)]
    public SwitchParameter Inactive { get; set; }

    /// <summary>Opens the connection for reading only, which needs fewer rights.</summary>
    [Parameter(ParameterSetName = NameSet)]
    public SwitchParameter ReadOnly { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case XmlSet:
                ReadText(Xml.TrimStart('\uFEFF'));
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

    /// <summary>PowerShell turns a file from the pipeline into its path, which no XML looks like.</summary>
    private void ReadText(string text)
    {
        if (text.AsSpan().TrimStart().StartsWith("<"))
        {
            Try(null, () => WriteObject(new VMDomain(LibvirtXml.Domain.Parse(text))));
        }
        else
        {
            WriteFiles([text], literal: true);
        }
    }

    private void WriteFiles(string[] paths, bool literal)
    {
        foreach (string file in paths.SelectMany(path => FindFiles(path, literal)))
        {
            Try(file, () => WriteObject(new VMDomain(DomainFile.Load(file).Domain, path: file)));
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
                        Try(domain.Name, () => WriteObject(VMDomainReader.Read(domain, Inactive)));
                    }
                }
            });
        }
    }
}
