namespace VirtioFs.LibvirtXml.Host;

/// <summary>A comment that is a line of its own.</summary>
/// <param name="Text">The comment without its '#'.</param>
/// <param name="End">Behind its last character, before the end of the line.</param>
internal sealed record VirConfComment(string Text, int End);
