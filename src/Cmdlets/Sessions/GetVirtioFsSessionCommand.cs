using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Lists the virtual machines that use shares .</summary>
[Cmdlet(VerbsCommon.Get, "VirtioFsSession", DefaultParameterSetName = TagSet)]
[OutputType(typeof(VirtioFsSession))]
public sealed class GetVirtioFsSessionCommand : SharePickingCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (IRunningShare share in SelectShares())
        {
            if (Inspect(share) is { } session)
            {
                WriteObject(new VirtioFsSession(share, session));
            }
        }
    }
}
