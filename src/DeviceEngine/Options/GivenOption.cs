namespace VirtioFs.DeviceEngine.Options;

/// <summary>An option that a command line gives.</summary>
/// <param name="Option">The option.</param>
/// <param name="Value">Its value, as the option's own form has it.</param>
/// <param name="Word">The word as it was written.</param>
public sealed record GivenOption(ShareOption Option, string Value, string Word);
