namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>What the front end is to hear of its message.</summary>
internal enum OutcomeKind
{
    Done,
    Replied,
    Declined,
    Refused,
    Answer,
}
