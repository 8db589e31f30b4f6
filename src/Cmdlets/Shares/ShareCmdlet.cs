using System.Globalization;
using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that works on shares which people name by tags with wildcards, or by ids.</summary>
public abstract class ShareCmdlet : VirtioFsCmdlet
{
    /// <summary>All shares that the user has, in this process and in those of their own, oldest first.</summary>
    private protected static IEnumerable<IRunningShare> AllShares() => RunningShares.List();

    /// <summary>The user's own shares that a tag names; a pattern may name none, a plain tag that names none is reported.</summary>
    private protected IEnumerable<IRunningShare> FindShares(string tag)
    {
        if (WildcardPattern.ContainsWildcardCharacters(tag))
        {
            WildcardPattern pattern = NamePattern.Of(tag);
            return RunningShares.ListOwn().Where(share => pattern.IsMatch(share.Options.Tag));
        }

        string plain = WildcardPattern.Unescape(tag);
        if (RunningShares.ListOwn().FirstOrDefault(share => share.Options.Tag == plain) is { } found)
        {
            return [found];
        }

        WriteNotFound($"the tag '{plain}'", tag);
        return [];
    }

    /// <summary>The share that an id names, or a report that there is none.</summary>
    private protected IEnumerable<IRunningShare> FindShares(int id)
    {
        if (RunningShares.Find(id) is { } found)
        {
            return [found];
        }

        WriteNotFound($"the id {id.ToString(CultureInfo.InvariantCulture)}", id);
        return [];
    }

    /// <summary>Asks something of a share. False when the process of a detached one does not answer, which is reported; the others go on.</summary>
    private protected bool TryReach(IRunningShare share, Action ask)
    {
        try
        {
            ask();
            return true;
        }
        catch (IOException silent) when (share.IsDetached)
        {
            WriteFailure("ShareNotAnswering", ErrorCategory.ConnectionError, share.Id,
                new IOException($"The detached share '{share.Options.Tag}' cannot be asked. {silent.Message}", silent),
                $"Ask again; a process that never answers can be ended with Stop-Process -Id {share.ProcessId} -Force, and its guest loses the files at once.");
            return false;
        }
    }

    private void WriteNotFound(string name, object target) =>
        WriteFailure("ShareNotFound", ErrorCategory.ObjectNotFound, target,
            new ItemNotFoundException($"There is no share with {name}."), "Get-VirtioFsShare lists those there are; another user's is named by its id.");
}
