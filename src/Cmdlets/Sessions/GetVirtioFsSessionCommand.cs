using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Lists the virtual machines that use shares of this process.</summary>
[Cmdlet(VerbsCommon.Get, "VirtioFsSession", DefaultParameterSetName = TagSet)]
[OutputType(typeof(VirtioFsSession))]
public sealed class GetVirtioFsSessionCommand : SharePickingCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (Share share in SelectShares())
        {
            if (share.InspectSession() is { } session)
            {
                WriteObject(new VirtioFsSession(share, session));
            }
        }
    }
}
