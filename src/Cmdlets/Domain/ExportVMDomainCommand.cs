using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Connection;

namespace VirtioFs.Cmdlets;

/// <summary>Writes domains to files.</summary>
[Cmdlet(VerbsData.Export, "VMDomain", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportVMDomainCommand : DomainCmdlet
{
    private readonly HashSet<string> _written = [];

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

    /// <summary>A domain as an object, or its XML as a text.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [DomainXml]
    [ValidateNotNull]
    public VMDomain? InputObject { get; set; }

    /// <summary>The file, or a folder, where each domain gets a file with its name.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = NameSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = InputObjectSet)]
    [ValidateNotNullOrEmpty]
    public string Path
    {
        get;
        set => field = Once(field, value);
    } = string.Empty;

    /// <summary>Writes passwords too, into a file that nobody else may open. Without it ***** stands in their place.</summary>
    [Parameter]
    public SwitchParameter IncludeSecret { get; set; }

    /// <summary>Replaces files that are there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emits the files.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject is not null)
        {
            ExportAll(Read(InputObject));
            return;
        }

        foreach (string name in Name)
        {
            Try(name, () =>
            {
                foreach (LibvirtDomain domain in FindDomains(name))
                {
                    Export(ReadDomain(domain, inactive: true));
                }
            });
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => ExportAll(ReadRest());

    private void ExportAll(IEnumerable<VMDomain> domains)
    {
        foreach (VMDomain domain in domains)
        {
            Export(domain);
        }
    }

    private void Export(VMDomain domain) => Try(domain.Name, () =>
    {
        RequireDefinition(domain);
        if (!TryGetFileSystemPath(Path, out string? path))
        {
            return;
        }

        (string file, bool exists) = Await($"Looking at '{path}'", () => Locate(path, domain.Definition));
        bool isWritten = !_written.Add(file);
        if (isWritten || (exists && !Force))
        {
            throw new DomainRuleException(
                "FileExists",
                isWritten
                    ? $"The file '{file}' was written with another domain just now, and '{domain.Name}' would take its place. Name a folder, where each gets a file of its own."
                    : $"The file '{file}' is there already. Choose another path, or pass -Force to replace it.",
                ErrorKind.AlreadyExists);
        }

        string content = $"the domain '{domain.Name}'{(IncludeSecret && domain.Definition.HasSecrets ? ", passwords included" : string.Empty)}";
        if (!Confirms(file, $"{(exists ? "Replace" : "Write")} the file '{file}' with {content}", "Export a domain"))
        {
            return;
        }

        WriteWarnings(Await($"Writing '{file}'", () => DomainFile.Write(file, domain.Definition, IncludeSecret, mayReplace: Force, Cancellation)));
        if (PassThru)
        {
            WriteFile(file);
        }
    });

    private static (string File, bool Exists) Locate(string path, Domain definition)
    {
        string file = Directory.Exists(path) ? System.IO.Path.Combine(path, DomainFile.NameFor(definition)) : path;
        return (file, File.Exists(file));
    }
}
