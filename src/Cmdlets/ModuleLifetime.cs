using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>
/// Stops the shares that nobody uses when nothing can reach them any more: when the last runspace that holds the module removes it. Shares
/// belong to the process, so removing the module from one runspace takes nothing from another.
/// </summary>
/// <remarks>
/// A share with a guest is never stopped here: the guest would lose its files without a question. It stays in the registry of the process, where
/// the next import finds it. The same holds for every share while the module is loaded anew (Import-Module -Force).
/// </remarks>
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

        if (IsReloading())
        {
            return;
        }

        Parallel.ForEach(ShareRegistry.List().Where(share => share.State != ShareState.Connected), share => share.Stop());
        ConnectionCache.CloseAll();
        Share[] kept = [.. ShareRegistry.List()];
        if (kept.Length > 0)
        {
            Warn($"Shares with a connected guest go on without the module: {string.Join(", ", kept.Select(share => $"'{share.Options.Tag}'"))}. "
                + "Import the module again to reach them; they end with Stop-VirtioFsShare, or with this process.");
        }
    }

    // PowerShell does not say why a module is removed. Import-Module -Force removes it on its own thread, and imports it at once.
    private static bool IsReloading() =>
        new StackTrace(fNeedFileInfo: false).GetFrames().Any(frame => frame.GetMethod()?.DeclaringType?.Name == "ImportModuleCommand");

    private static void Warn(string text)
    {
        try
        {
            // What a nested pipeline warns of is kept in it; the host is where a person reads it.
            using var asking = PowerShell.Create(RunspaceMode.CurrentRunspace);
            asking.AddScript("$Host").Invoke<PSHost>().FirstOrDefault()?.UI?.WriteWarningLine(text);
        }
        catch (RuntimeException)
        {
            // A session that cannot warn goes on: the shares are kept all the same.
        }
    }
}
