using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that works on domains which the user names, points to as files, or pipes in as objects.</summary>
public abstract class SelectingCmdlet : DomainCmdlet
{
    /// <summary>Names of domains that libvirt knows, with wildcards, or their UUIDs.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = NameSet)]
    [Alias("Domain", "DomainName")]
    [ArgumentCompleter(typeof(DomainNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

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

    /// <summary>A domain as an object, or its XML as a text.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [DomainXml]
    [ValidateNotNull]
    public VMDomain? InputObject { get; set; }

    /// <summary>The domains that the parameters name. An error has been written for each that is not there.</summary>
    private protected IEnumerable<DomainTarget> Targets(bool readOnly = false)
    {
        if (ParameterSetName == InputObjectSet)
        {
            return InputObject!.UnreadFile is string file ? FileTargets(file, literal: true) : [new ObjectTarget(InputObject)];
        }

        return ParameterSetName switch
        {
            PathSet => Path.SelectMany(path => FileTargets(path, literal: false)),
            LiteralPathSet => LiteralPath.SelectMany(path => FileTargets(path, literal: true)),
            _ => Name.SelectMany(name => LibvirtTargets(name, readOnly)),
        };
    }

    private List<DomainTarget> FileTargets(string path, bool literal)
    {
        List<DomainTarget> targets = [];
        foreach (string file in FindFiles(path, literal))
        {
            Try(file, () => targets.Add(new FileTarget(DomainFile.Load(file))));
        }

        return targets;
    }

    private List<DomainTarget> LibvirtTargets(string name, bool readOnly)
    {
        List<DomainTarget> targets = [];
        Try(name, () =>
        {
            foreach (LibvirtDomain domain in FindDomains(name, readOnly))
            {
                targets.Add(new LibvirtTarget(domain));
            }
        });
        return targets;
    }
}
