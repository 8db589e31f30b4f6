using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Observation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Whether a share has been idle for a while, by looking again and again.</summary>
internal sealed class ShareIdleness(IRunningShare share)
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(1);

    private long _requests = -1;
    private long _since;

    internal bool IsIdle()
    {
        if (share.State != ShareState.Connected)
        {
            return true;
        }

        ShareCounts counts = ShareObservation.Count(share);
        long requests = counts.Statistics.Requests;
        if (requests != _requests || counts.Holdings.OpenFileCount > 0)
        {
            (_requests, _since) = (requests, Environment.TickCount64);
        }

        return Environment.TickCount64 - _since >= s_quiet.TotalMilliseconds;
    }
}
