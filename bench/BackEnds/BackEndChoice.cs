namespace VirtioFs.Bench.BackEnds;

/// <summary>Which back end to drive: one that listens already, or a command that starts one.</summary>
/// <param name="Name">What the report calls it.</param>
/// <param name="Socket">Where it listens, or nothing.</param>
/// <param name="Command">The command that starts it, or nothing.</param>
/// <param name="Directory">What a started one shares; a fresh directory when omitted.</param>
internal sealed record BackEndChoice(string Name, string? Socket, string? Command, string? Directory);
