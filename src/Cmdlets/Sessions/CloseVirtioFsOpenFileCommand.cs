using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Closes files under the guest that holds them open. Its programs get errors, so that is asked first.</summary>
[Cmdlet(VerbsCommon.Close, "VirtioFsOpenFile", DefaultParameterSetName = InputObjectSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(VirtioFsOpenFile))]
public sealed class CloseVirtioFsOpenFileCommand : EndingCmdlet
{
    private const string InputObjectSet = "InputObject";
    private const string HandleSet = "Handle";

    /// <summary>Open files, as Get-VirtioFsOpenFile gives them.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public VirtioFsOpenFile[] InputObject { get; set; } = [];

    /// <summary>The id of the share.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = HandleSet)]
    [ArgumentCompleter(typeof(ShareIdCompleter))]
    public int ShareId { get; set; }

    /// <summary>Handles of open files of that share.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = HandleSet)]
    public ulong[] Handle { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == InputObjectSet)
        {
            foreach (VirtioFsOpenFile file in InputObject)
            {
                Close(RunningShares.Find(file.ShareId), file.Handle, file.ToString(), file.Tag, file);
            }

            return;
        }

        foreach (IRunningShare share in FindShares(ShareId))
        {
            foreach (ulong handle in Handle)
            {
                Close(share, handle, $"handle {handle}", share.Options.Tag, null);
            }
        }
    }

    private void Close(IRunningShare? share, ulong handle, string name, string tag, VirtioFsOpenFile? file)
    {
        if (!MayEnd(name, $"Close the open file '{name}' of the share '{tag}' under its guest; what the guest has not sent yet is lost", "Close an open file"))
        {
            return;
        }

        bool isClosed = false;
        if (share is not null && !TryReach(share, () => isClosed = share.TryCloseFile(handle)))
        {
            return;
        }

        if (isClosed)
        {
            if (PassThru && file is not null)
            {
                WriteObject(file);
            }

            return;
        }

        if (file is not null)
        {
            WriteVerbose($"'{name}' of the share '{tag}' has been closed already.");
            return;
        }

        WriteFailure("OpenFileNotFound", ErrorCategory.ObjectNotFound, handle,
            new ItemNotFoundException($"The share '{tag}' has no open file with the handle {handle}."), $"Get-VirtioFsOpenFile '{tag}' lists those there are.");
    }
}
