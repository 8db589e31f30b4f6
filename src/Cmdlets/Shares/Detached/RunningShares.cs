using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>The shares that a user's cmdlets work on: those of this process, and detached ones.</summary>
internal static class RunningShares
{
    /// <summary>All of them, oldest first.</summary>
    internal static IEnumerable<IRunningShare> List() => [.. ShareRegistry.List().Concat<IRunningShare>(DetachedShares.List()).OrderBy(share => share.Id)];

    /// <summary>The share with an id; null when there is none, or it was stopped.</summary>
    internal static IRunningShare? Find(int id) => ShareRegistry.Find(id) ?? DetachedShares.List().FirstOrDefault<IRunningShare>(share => share.Id == id);
}
