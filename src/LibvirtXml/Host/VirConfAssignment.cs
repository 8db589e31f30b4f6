namespace VirtioFs.LibvirtXml.Host;

/// <summary>One <c>name = value</c> of a file in libvirt's format, and where it stands in the text.</summary>
/// <param name="Name">The name.</param>
/// <param name="Start">Where the name begins.</param>
/// <param name="ValueStart">Where the value begins.</param>
/// <param name="ValueEnd">Behind the value.</param>
/// <param name="End">Behind the comment that follows on the same line, if there is one.</param>
/// <param name="Strings">The strings of a list, or the one string; null for a number or a list with other things in it.</param>
/// <param name="IsList">Whether the value is a list.</param>
internal sealed record VirConfAssignment(string Name, int Start, int ValueStart, int ValueEnd, int End, IReadOnlyList<string>? Strings, bool IsList);
