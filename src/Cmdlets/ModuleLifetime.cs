using System.Management.Automation;
using System.Management.Automation.Runspaces;
using VirtioFs.DeviceEngine;

namespace VirtioFs.Cmdlets;

/// <summary>
/// Stops the shares when nothing can reach them any more: when the last runspace that holds the module removes it. Shares
/// belong to the process, so removing the module from one runspace takes nothing from another.
/// </summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<Guid, WeakReference<Runspace>> Holders = [];

    /// <summary>Called by PowerShell each time that a runspace imports the module.</summary>
    public void OnImport()
    {
        lock (Gate)
        {
            if (Runspace.DefaultRunspace is { } runspace)
            {
                Holders[runspace.InstanceId] = new WeakReference<Runspace>(runspace);
            }
        }
    }

    /// <summary>Called by PowerShell when a runspace removes the module.</summary>
    /// <param name="psModuleInfo">The module.</param>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        lock (Gate)
        {
            if (Runspace.DefaultRunspace is { } runspace)
            {
                Holders.Remove(runspace.InstanceId);
            }

            // A runspace that was closed, as those of jobs are, never removes its modules.
            foreach ((Guid id, WeakReference<Runspace> holder) in Holders)
            {
                if (!holder.TryGetTarget(out Runspace? other) || other.RunspaceStateInfo.State is RunspaceState.Closed or RunspaceState.Broken)
                {
                    Holders.Remove(id);
                }
            }

            if (Holders.Count > 0)
            {
                return;
            }
        }

        StopAll();
    }

    private static void StopAll()
    {
        Parallel.ForEach(ShareRegistry.List(), share => share.Stop());
        ConnectionCache.CloseAll();
    }
}
