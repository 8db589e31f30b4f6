using System.Management.Automation;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that starts, stops or removes domains of libvirt.</summary>
public abstract class PowerCmdlet : DomainCmdlet
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
        set => field = UnlessPiped(value, nameof(Name));
    } = [];

    /// <summary>A domain of libvirt as an object; it is found again by its UUID and connection.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [DomainXml]
    [ValidateNotNull]
    public VMDomain? InputObject { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == InputObjectSet)
        {
            foreach (VMDomain given in Read(InputObject!))
            {
                ProcessEach(given.Name, () => [FindDomain(given)]);
            }

            return;
        }

        foreach (string name in Name)
        {
            ProcessEach(name, () => FindDomains(name));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (VMDomain given in ReadRest())
        {
            ProcessEach(given.Name, () => [FindDomain(given)]);
        }
    }

    private protected abstract void Process(LibvirtDomain domain);

    private void ProcessEach(object? target, Func<IReadOnlyList<LibvirtDomain>> find) => Try(target, () =>
    {
        foreach (LibvirtDomain domain in find())
        {
            using (domain)
            {
                Try(domain.Name, () => Process(domain));
            }
        }
    });
}
