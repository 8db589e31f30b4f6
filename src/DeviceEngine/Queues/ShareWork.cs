using VirtioFs.Fuse.Server;

namespace VirtioFs.DeviceEngine.Queues;

/// <summary>What a device and its queues need of the share that they belong to; it outlasts them.</summary>
/// <param name="ShareId">The share's number, for the names of threads.</param>
/// <param name="Server">Who answers requests.</param>
/// <param name="Threads">The threads that serve its rings.</param>
/// <param name="Deferred">Where requests go that would hold up their queue.</param>
/// <param name="IsAbandoned">Whether nobody waits for the device's work any more.</param>
/// <param name="Disconnect">Ends the front end's connection, and with it the session.</param>
/// <param name="TryReset">Ends the session of FUSE, within that time; see <see cref="FuseServer.Reset"/>.</param>
/// <param name="NoteTrouble">Keeps what went wrong, though the session goes on.</param>
/// <param name="Fail">Ends the share, since it cannot go on.</param>
internal sealed record ShareWork(
    int ShareId,
    FuseServer Server,
    ServingThreads Threads,
    DeferredRequests Deferred,
    Func<bool> IsAbandoned,
    Action Disconnect,
    Func<TimeSpan, bool> TryReset,
    Action<string> NoteTrouble,
    Action<string> Fail);
