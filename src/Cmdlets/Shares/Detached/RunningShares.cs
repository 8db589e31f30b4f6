using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>The shares that a user's cmdlets work on: those of this process, and detached ones.</summary>
internal static class RunningShares
{
    /// <summary>All of them, oldest first.</summary>
    internal static IEnumerable<IRunningShare> List() => [.. ShareRegistry.List().Concat<IRunningShare>(DetachedShares.List()).OrderBy(share => share.Id)];

    /// <summary>
    /// Those that tags name: the user's own. Root sees the shares of others as well, but a tag that somebody else has chosen must not name theirs in the place
    /// of root's; they are named by their ids.
    /// </summary>
    internal static IEnumerable<IRunningShare> ListOwn() => List().Where(share => share is not DetachedShare { IsOwn: false });

    /// <summary>The share with an id; null when there is none, or it was stopped.</summary>
    internal static IRunningShare? Find(int id) => ShareRegistry.Find(id) ?? DetachedShares.List().FirstOrDefault<IRunningShare>(share => share.Id == id);
}
