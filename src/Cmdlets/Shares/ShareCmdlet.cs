using System.Globalization;
using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that works on shares which people name by tags with wildcards, or by ids.</summary>
public abstract class ShareCmdlet : VirtioFsCmdlet
{
    /// <summary>All shares that the user has, in this process and in those of their own, oldest first.</summary>
    private protected static IEnumerable<IRunningShare> AllShares() => RunningShares.List();

    /// <summary>The shares that a tag names; a pattern may name none, a plain tag that names none is reported.</summary>
    private protected IEnumerable<IRunningShare> FindShares(string tag)
    {
        if (WildcardPattern.ContainsWildcardCharacters(tag))
        {
            WildcardPattern pattern = NamePattern.Of(tag);
            return AllShares().Where(share => pattern.IsMatch(share.Options.Tag));
        }

        string plain = WildcardPattern.Unescape(tag);
        if (AllShares().FirstOrDefault(share => share.Options.Tag == plain) is { } found)
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

    private void WriteNotFound(string name, object target) =>
        WriteFailure("ShareNotFound", ErrorCategory.ObjectNotFound, target,
            new ItemNotFoundException($"There is no share with {name}."), "Get-VirtioFsShare lists those there are.");
}
