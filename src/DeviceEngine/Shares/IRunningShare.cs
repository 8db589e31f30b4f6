using VirtioFs.Fuse.Inspection;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>A share that was started: in this process (<see cref="Share"/>), or in a process of its own.</summary>
public interface IRunningShare
{
    /// <summary>Names the share in this process. An id is never used again.</summary>
    int Id { get; }

    /// <summary>The process that serves it.</summary>
    int ProcessId { get; }

    /// <summary>Whether it has a process of its own, and goes on without this one.</summary>
    bool IsDetached { get; }

    /// <summary>How it was started.</summary>
    ShareOptions Options { get; }

    /// <summary>What it is doing.</summary>
    ShareState State { get; }

    /// <summary>What went wrong last, as a sentence; null when nothing did.</summary>
    string? FaultReason { get; }

    /// <summary>Who is connected; null when nobody is.</summary>
    ShareGuest? Guest { get; }

    /// <summary>What confines each of the threads that answer the guest.</summary>
    string Jail { get; }

    /// <summary>When it was started.</summary>
    DateTimeOffset StartedAt { get; }

    /// <summary>Stops it.</summary>
    void Stop();

    /// <summary>What the session of the connected front end is; null when nobody is connected.</summary>
    /// <param name="parts">What is listed one by one.</param>
    ShareSession? InspectSession(SessionParts parts = SessionParts.None);

    /// <summary>Ends a session. False when it has ended already.</summary>
    /// <param name="session">The session's number.</param>
    bool TryDisconnect(long session);

    /// <summary>Closes an open file of the guest's. False when there is none of that handle.</summary>
    /// <param name="handle">The handle of FUSE.</param>
    bool TryCloseFile(ulong handle);
}
