using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Disconnects virtual machines from shares, which wait for the next one then. A guest loses its files, so that is asked first.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "VirtioFsSession", DefaultParameterSetName = TagSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(VirtioFsSession))]
public sealed class DisconnectVirtioFsSessionCommand : EndingCmdlet
{
    private const string TagSet = "Tag";
    private const string IdSet = "Id";
    private const string InputObjectSet = "InputObject";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>Tags of the shares, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = TagSet)]
    [ArgumentCompleter(typeof(ShareTagCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Tag { get; set; } = [];

    /// <summary>Ids of the shares.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = IdSet)]
    [Alias("ShareId")]
    [ArgumentCompleter(typeof(ShareIdCompleter))]
    public int[] Id { get; set; } = [];

    /// <summary>The session's number, so that no later one of the share is disconnected.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = IdSet)]
    public long? Session { get; set; }

    /// <summary>Sessions, as Get-VirtioFsSession gives them.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public VirtioFsSession[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == InputObjectSet)
        {
            foreach (VirtioFsSession session in InputObject)
            {
                Disconnect(RunningShares.Find(session.ShareId), session.Session, session.Tag);
            }

            return;
        }

        IEnumerable<IRunningShare> shares = ParameterSetName == TagSet ? Tag.SelectMany(tag => FindShares(tag)) : Id.SelectMany(id => FindShares(id));
        foreach (IRunningShare share in shares.DistinctBy(share => share.Id).ToArray())
        {
            Disconnect(share, Session, share.Options.Tag);
        }
    }

    private void Disconnect(IRunningShare? share, long? number, string tag)
    {
        ShareSession? present = null;
        if (share is not null && !TryReach(share, () => present = share.InspectSession()))
        {
            return;
        }

        if (share is null || present is null || (number is not null && present.Number != number))
        {
            WriteVerbose($"The session of the share '{tag}' has ended already.");
            return;
        }

        VirtioFsSession session = new(share, present);
        string who = session.Domain is null ? $"the process {session.ProcessName} ({session.ProcessId})" : $"the domain '{session.Domain}'";
        if (MayEnd(tag, $"Disconnect {who} from the share '{tag}'; its guest loses the files, and what it has not written yet", "Disconnect a session")
            && TryDisconnect(share, present.Number) && PassThru)
        {
            WriteObject(session);
        }
    }

    private bool TryDisconnect(IRunningShare share, long number)
    {
        using ShareChanges changes = new(share);
        bool wasThere = false, isGone = false;
        try
        {
            bool isReached = TryReach(share, () =>
            {
                wasThere = share.TryDisconnect(number);
                isGone = !wasThere || changes.TryAwait(() => share.InspectSession()?.Number != number, s_patience, s_patience, Cancellation);
            });
            if (isReached && !isGone)
            {
                WriteWarning($"The session of the share '{share.Options.Tag}' is over, but a request is stuck in the host's file system; the next front end is served when it comes back.");
            }
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }

        return wasThere;
    }
}
