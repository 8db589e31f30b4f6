namespace VirtioFs.DeviceEngine.Observation;

/// <summary>Operations of a share on their way to somebody who watches, until it is disposed.</summary>
public interface IShareWatch : IDisposable
{
    /// <summary>How many were dropped so far, since they came faster than they were taken.</summary>
    long Dropped { get; }

    /// <summary>Whether the share was stopped, so that no more come.</summary>
    bool IsOver { get; }

    /// <summary>Takes those that wait, the oldest first; some hundreds at most.</summary>
    /// <exception cref="IOException">The process of a detached share does not answer.</exception>
    IReadOnlyList<ObservedOperation> Take();
}
