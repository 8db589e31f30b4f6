using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Lists the shares of this process, from whichever runspace they were started, and the user's detached ones; root sees those of all.</summary>
[Cmdlet(VerbsCommon.Get, "VirtioFsShare", DefaultParameterSetName = TagSet)]
[OutputType(typeof(VirtioFsShareInfo))]
public sealed class GetVirtioFsShareCommand : ShareCmdlet
{
    private const string TagSet = "Tag";
    private const string IdSet = "Id";

    /// <summary>Tags of the shares, with wildcards.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ParameterSetName = TagSet)]
    [ArgumentCompleter(typeof(ShareTagCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Tag { get; set; }

    /// <summary>Ids of the shares.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = IdSet)]
    [Alias("ShareId")]
    [ArgumentCompleter(typeof(ShareIdCompleter))]
    public int[] Id { get; set; } = [];

    /// <summary>Only shares in one of these states.</summary>
    [Parameter]
    public ShareState[]? State { get; set; }

    /// <summary>Only shares of these directories, with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!TryReadPaths(out IReadOnlyList<WildcardPattern>? paths))
        {
            return;
        }

        foreach (IRunningShare share in Select())
        {
            bool wanted = (State is null || State.Contains(share.State))
                && (paths is null || paths.Any(pattern => pattern.IsMatch(share.Options.Path)));
            if (wanted)
            {
                WriteObject(new VirtioFsShareInfo(share));
            }
        }
    }

    private IEnumerable<IRunningShare> Select()
    {
        if (ParameterSetName == IdSet)
        {
            return Id.SelectMany(id => FindShares(id));
        }

        return Tag is null ? AllShares() : Tag.SelectMany(tag => FindShares(tag)).DistinctBy(share => share.Id);
    }

    private bool TryReadPaths(out IReadOnlyList<WildcardPattern>? patterns)
    {
        patterns = null;
        if (Path is null)
        {
            return true;
        }

        var read = new List<WildcardPattern>();
        foreach (string path in Path)
        {
            if (!TryGetFileSystemPath(path, out string? absolute))
            {
                return false;
            }

            read.Add(WildcardPattern.Get(absolute, WildcardOptions.None));
        }

        patterns = read;
        return true;
    }
}
