namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>What became of a message.</summary>
/// <param name="Kind">What the front end is to hear.</param>
/// <param name="Number">The number of an answer.</param>
/// <param name="Reason">Why it was refused, as a sentence.</param>
internal readonly record struct Outcome(OutcomeKind Kind, ulong Number = 0, string? Reason = null)
{
    /// <summary>It was carried out.</summary>
    internal static Outcome Done => new(OutcomeKind.Done);

    /// <summary>Its answer has been sent.</summary>
    internal static Outcome Replied => new(OutcomeKind.Replied);

    /// <summary>It has no effect here, and is no reason to part.</summary>
    internal static Outcome Declined(string reason) => new(OutcomeKind.Declined, Reason: reason);

    /// <summary>It was not carried out. A front end that does not ask for acknowledgements cannot go on after this.</summary>
    internal static Outcome Refused(string reason) => new(OutcomeKind.Refused, Reason: reason);

    /// <summary>The front end waits for this number.</summary>
    internal static Outcome Answer(ulong number) => new(OutcomeKind.Answer, number);

    /// <summary>Carried out, or refused with a reason.</summary>
    internal static Outcome Of(string? fault) => fault is null ? Done : Refused(fault);
}
