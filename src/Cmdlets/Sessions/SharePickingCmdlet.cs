using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that looks at shares: at all, at those of some tags, or at those that come down the pipeline.</summary>
public abstract class SharePickingCmdlet : ShareCmdlet
{
    private protected const string TagSet = "Tag";
    private protected const string IdSet = "Id";

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

    private protected IReadOnlyList<IRunningShare> SelectShares() => ParameterSetName == IdSet
        ? [.. Id.SelectMany(id => FindShares(id)).DistinctBy(share => share.Id)]
        : Tag is null ? [.. AllShares()] : [.. Tag.SelectMany(tag => FindShares(tag)).DistinctBy(share => share.Id)];

    /// <summary>What a session of the share is; null when there is none, or its process does not answer, which is reported.</summary>
    private protected ShareSession? Inspect(IRunningShare share, SessionParts parts = SessionParts.None)
    {
        ShareSession? session = null;
        TryReach(share, () => session = share.InspectSession(parts));
        return session;
    }
}
