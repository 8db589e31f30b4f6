using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Stops shares and starts them again with the same options. A connected guest loses its files, so that is asked first.</summary>
[Cmdlet(VerbsLifecycle.Restart, "VirtioFsShare", DefaultParameterSetName = TagSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(VirtioFsShareInfo))]
public sealed class RestartVirtioFsShareCommand : EndingCmdlet
{
    private const string TagSet = "Tag";
    private const string IdSet = "Id";
    private const string InputObjectSet = "InputObject";

    /// <summary>Tags of the shares, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = TagSet)]
    [ArgumentCompleter(typeof(ShareTagCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Tag { get; set; } = [];

    /// <summary>Ids of the shares.</summary>
    [Parameter(Mandatory = true, ParameterSetName = IdSet)]
    [ArgumentCompleter(typeof(ShareIdCompleter))]
    public int[] Id { get; set; } = [];

    /// <summary>Shares, as Get-VirtioFsShare and Start-VirtioFsShare give them.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public VirtioFsShareInfo[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IEnumerable<IRunningShare> shares = ParameterSetName switch
        {
            TagSet => Tag.SelectMany(tag => FindShares(tag)),
            IdSet => Id.SelectMany(id => FindShares(id)),
            _ => InputObject.SelectMany(share => FindShares(share.Id)),
        };
        foreach (IRunningShare share in shares.DistinctBy(share => share.Id).ToArray())
        {
            Restart(share);
        }
    }

    private void Restart(IRunningShare share)
    {
        bool isUsed = share.State == ShareState.Connected;
        string action = $"Restart the share '{share.Options.Tag}' of '{share.Options.Path}'" + (isUsed ? "; its connected guest loses the files, and what it has not written yet" : string.Empty);
        if (!MayEnd(share.Options.Tag, action, "Restart a share", isUsed))
        {
            return;
        }

        ShareDomain? domain = DomainShare.Of(share);
        ShareOptions options = share.Options with { ListenDescriptor = null };
        try
        {
            share.Stop();
            IRunningShare next = share.IsDetached ? DetachedProcess.Start(options, Cancellation) : Share.Start(options);
            if (domain is not null)
            {
                DomainShare.Remember(next, domain);
            }

            if (PassThru)
            {
                WriteObject(new VirtioFsShareInfo(next));
            }
        }
        catch (Exception e) when (StartFailure.Describe(e, options) is { } failure)
        {
            WriteFailure(failure.ErrorId, failure.Category, options.Tag, failure.Exception, $"The share is stopped, unless it does not answer. {failure.RecommendedAction}");
        }
    }
}
