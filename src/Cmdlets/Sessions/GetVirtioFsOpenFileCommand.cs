using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Inspection;

namespace VirtioFs.Cmdlets;

/// <summary>Lists the files and directories that guests hold open, with their locks.</summary>
[Cmdlet(VerbsCommon.Get, "VirtioFsOpenFile", DefaultParameterSetName = TagSet)]
[OutputType(typeof(VirtioFsOpenFile))]
public sealed class GetVirtioFsOpenFileCommand : SharePickingCmdlet
{
    /// <summary>Only files with such a path on the host, with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>Only files on which a lock is held or waited for.</summary>
    [Parameter]
    public SwitchParameter Locked { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var patterns = new List<WildcardPattern>();
        foreach (string path in Path ?? [])
        {
            if (!TryGetFileSystemPath(path, out string? absolute))
            {
                return;
            }

            patterns.Add(WildcardPattern.Get(absolute, WildcardOptions.None));
        }

        foreach (IRunningShare share in SelectShares())
        {
            if (Inspect(share, SessionParts.OpenFiles | SessionParts.Locks) is { } session)
            {
                Write(share, session, patterns);
            }
        }
    }

    private void Write(IRunningShare share, ShareSession session, List<WildcardPattern> patterns)
    {
        ILookup<ulong, SessionLock> held = session.Holdings.Locks
            .SelectMany(found => found.Handles.Select(handle => (handle, found)))
            .ToLookup(pair => pair.handle, pair => pair.found);
        ILookup<ulong, SessionLock> awaited = session.Holdings.Locks.Where(found => !found.IsHeld).ToLookup(found => found.Node);
        foreach (SessionFile file in session.Holdings.OpenFiles)
        {
            SessionLock[] locks = [.. held[file.Handle], .. awaited[file.Node]];
            bool wanted = (!Locked || locks.Length > 0)
                && (patterns.Count == 0 || patterns.Any(pattern => file.Path is not null && pattern.IsMatch(file.Path)));
            if (wanted)
            {
                WriteObject(new VirtioFsOpenFile(share, session, file, locks));
            }
        }
    }
}
