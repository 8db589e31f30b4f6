using VirtioFs.DeviceEngine.Observation;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.DeviceEngine.Control;

/// <summary>What a share answers over its control socket: one line of JSON.</summary>
internal sealed record ControlAnswer
{
    /// <summary>Why it was refused, as a sentence; null when it was not.</summary>
    public string? Error { get; init; }

    /// <summary>Whether there was what was to be ended.</summary>
    public bool Done { get; init; }

    /// <summary>What the share does.</summary>
    public ShareState State { get; init; }

    /// <summary>What went wrong last.</summary>
    public string? FaultReason { get; init; }

    /// <summary>What confines its threads.</summary>
    public string Jail { get; init; } = string.Empty;

    /// <summary>When it was started.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Who is connected.</summary>
    public ShareGuest? Guest { get; init; }

    /// <summary>The session, where it was asked for.</summary>
    public ShareSession? Session { get; init; }

    /// <summary>What the share has counted, where it was asked for.</summary>
    public ShareCounts? Counts { get; init; }

    /// <summary>Changes of the share's state since it was asked last.</summary>
    public IReadOnlyList<ShareChange> Changes { get; init; } = [];

    /// <summary>Operations since it was asked last.</summary>
    public IReadOnlyList<ObservedOperation> Operations { get; init; } = [];

    /// <summary>How many operations were dropped so far.</summary>
    public long Dropped { get; init; }

    /// <summary>Which domain the share was started for; null when it was started for none.</summary>
    public DomainNote? Domain { get; init; }

    /// <summary>
    /// Whether no list has an empty entry. Who serves a share may be another user, whom root believes nothing; JSON's nullability ends at a list's entries.
    /// </summary>
    internal bool IsWhole => AreWhole(Guest?.Queues) && AreWhole(Counts?.Queues) && (Session is null || IsWholeSession(Session));

    private static bool IsWholeSession(ShareSession session) =>
        AreWhole(session.Features) && AreWhole(session.FrontEnd.Queues) && AreWhole(session.Holdings.Inodes) && AreWhole(session.Holdings.OpenFiles) && AreWhole(session.Holdings.Locks);

    private static bool AreWhole<T>(IReadOnlyList<T>? list) where T : class => list?.All(entry => entry is not null) != false;
}
