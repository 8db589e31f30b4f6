using System.Management.Automation;
using VirtioFs.LibvirtXml.Connection;

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
    public string[] Name
    {
        get;
        set => field = MayName ? value : UnlessPiped(value, nameof(Name));
    } = [];

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

    /// <summary>A domain as an object, its XML, or the path of a file with it.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [DomainXml]
    [ValidateNotNull]
    public VMDomain? InputObject { get; set; }

    /// <summary>Whether -Name may stand beside an object in the pipeline, since that one is something else than a domain.</summary>
    private protected virtual bool MayName => false;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (DomainTarget target in Targets())
        {
            Process(target);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (VMDomain domain in ReadRest())
        {
            Process(new ObjectTarget(domain));
        }
    }

    /// <summary>Does the cmdlet's work on one domain.</summary>
    private protected abstract void Process(DomainTarget target);

    private IEnumerable<DomainTarget> Targets() => ParameterSetName switch
    {
        _ when InputObject is not null => Read(InputObject).SelectMany(TargetsOf),
        PathSet => Path.SelectMany(path => FileTargets(path, literal: false)),
        LiteralPathSet => LiteralPath.SelectMany(path => FileTargets(path, literal: true)),
        _ => Name.SelectMany(LibvirtTargets),
    };

    private DomainTarget[] TargetsOf(VMDomain given)
    {
        if (given is { Identity: null, Origin: null })
        {
            return [new ObjectTarget(given)];
        }

        DomainTarget[] targets = [];
        Try(given.Name, () => targets = [given.Origin is DomainTarget origin ? Again(origin) : TargetOf(FindDomain(given))]);
        return targets;
    }

    private List<DomainTarget> FileTargets(string path, bool literal)
    {
        List<DomainTarget> targets = [];
        foreach (string file in FindFiles(path, literal))
        {
            Try(file, () => targets.Add(new FileTarget(LoadFile(file))));
        }

        return targets;
    }

    private List<DomainTarget> LibvirtTargets(string name)
    {
        List<DomainTarget> targets = [];
        Try(name, () =>
        {
            foreach (LibvirtDomain domain in FindDomains(name))
            {
                targets.Add(TargetOf(domain));
            }
        });
        return targets;
    }
}
