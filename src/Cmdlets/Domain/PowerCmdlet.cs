using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that starts, stops or removes domains of libvirt.</summary>
public abstract class PowerCmdlet : DomainCmdlet
{
    /// <summary>Names of domains that libvirt knows, with wildcards, or their UUIDs.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Domain", "DomainName")]
    [ArgumentCompleter(typeof(DomainNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string name in Name)
        {
            Try(name, () =>
            {
                foreach (LibvirtDomain domain in FindDomains(name))
                {
                    using (domain)
                    {
                        Try(domain.Name, () => Process(domain));
                    }
                }
            });
        }
    }

    private protected abstract void Process(LibvirtDomain domain);
}
