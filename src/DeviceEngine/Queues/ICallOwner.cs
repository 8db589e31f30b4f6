namespace VirtioFs.DeviceEngine.Queues;

/// <summary>A thread that is watched while it is inside of host calls.</summary>
internal interface ICallOwner
{
    /// <summary>
    /// Lets others do this thread's work, since it has been inside one call for a while. Called by the watch, so it must be quick. True when
    /// the call needs to be watched no more.
    /// </summary>
    /// <param name="sequence">The call.</param>
    /// <param name="inside">How long it lasts at least.</param>
    bool TryLeaveBehind(long sequence, TimeSpan inside);
}
