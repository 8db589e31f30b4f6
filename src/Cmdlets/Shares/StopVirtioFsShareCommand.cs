using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Stops shares, those of this process and detached ones. A guest that is connected loses its files, so that is asked first.</summary>
[Cmdlet(VerbsLifecycle.Stop, "VirtioFsShare", DefaultParameterSetName = TagSet, SupportsShouldProcess = true)]
[OutputType(typeof(VirtioFsShareInfo))]
public sealed class StopVirtioFsShareCommand : ShareCmdlet
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

    /// <summary>Takes the share's device out of its domain first: out of the running guest, and of the definition.</summary>
    [Parameter]
    public SwitchParameter Detach { get; set; }

    /// <summary>The domain that has the device; the one that the share was started for when left out.</summary>
    [Parameter]
    [Alias("DomainName")]
    [ArgumentCompleter(typeof(DomainNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Domain { get; set; }

    /// <summary>libvirt's connection URI for that domain.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConnectionCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Connection { get; set; }

    /// <summary>Stops without asking, even when a guest is connected.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emits each share that was stopped.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (IRunningShare share in Select().DistinctBy(share => share.Id).ToArray())
        {
            if (Cancellation.IsCancellationRequested)
            {
                return;
            }

            Stop(share);
        }
    }

    private IEnumerable<IRunningShare> Select() => ParameterSetName switch
    {
        TagSet => Tag.SelectMany(tag => FindShares(tag)),
        IdSet => Id.SelectMany(id => FindShares(id)),
        _ => InputObject.SelectMany(FindAgain),
    };

    private IEnumerable<IRunningShare> FindAgain(VirtioFsShareInfo info)
    {
        if (RunningShares.Find(info.Id) is { } share)
        {
            return [share];
        }

        WriteVerbose($"Share {info.Id} ('{info.Tag}') has been stopped already.");
        return [];
    }

    private void Stop(IRunningShare share)
    {
        ShareDomain? domain = Domain is null ? DomainShare.Of(share) : new ShareDomain(Domain, Connection);
        if (Detach && domain is null)
        {
            WriteFailure("DomainUnknown", ErrorCategory.InvalidArgument, share.Id,
                $"The share '{share.Options.Tag}' was started for no domain, so it is not known which one has its device.", "Name the domain with -Domain.");
            return;
        }

        string detaching = Detach ? $", and take its device out of the domain '{domain!.Name}'" : string.Empty;
        string action = $"Stop the share '{share.Options.Tag}' of '{share.Options.Path}'{(share.State == ShareState.Connected ? " under its connected guest" : string.Empty)}{detaching}";
        if (!Confirms(share.Options.Tag, action, "Stop a share")
            || !MayDisconnect(share)
            || !TryDetach(share, domain))
        {
            return;
        }

        if (!TryReach(share, share.Stop))
        {
            return;
        }

        if (PassThru)
        {
            WriteObject(new VirtioFsShareInfo(share));
        }
    }

    // The guest is asked first: as long as it has the device, the share is needed.
    private bool TryDetach(IRunningShare share, ShareDomain? domain)
    {
        if (!Detach)
        {
            return true;
        }

        try
        {
            using DomainShare guest = DomainShare.Find(domain! with { Connection = domain.Connection ?? Connection }, Cancellation);
            Await($"Waiting for the domain '{domain!.Name}' to let '{share.Options.Tag}' go", () => guest.Disconnect(share.Options.Tag));
            return true;
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (LibvirtXmlException e)
        {
            WriteError(new ErrorRecord(CommandAdvice.Add(e), e.ErrorId, ErrorCategories.Of(e).Category, domain!.Name));
            return false;
        }
    }

    private bool MayDisconnect(IRunningShare share) => share.State != ShareState.Connected || Detach || Force || ConfirmsHighImpact(
        share.Id,
        $"A guest is connected to the share '{share.Options.Tag}' of '{share.Options.Path}'. It loses the files at once, and what it has not written yet. Stop the share?",
        "Stop a share in use",
        () => WriteFailure(
            "GuestConnected",
            ErrorCategory.ResourceBusy,
            share.Id,
            $"A guest is connected to the share '{share.Options.Tag}', and nobody can be asked in this session.",
            "Unmount the file system in the guest first, or use -Force."));
}
