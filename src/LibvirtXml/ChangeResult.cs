namespace VirtioFs.LibvirtXml;

/// <summary>What a change of a domain did.</summary>
/// <param name="Changes">Each setting before and after; empty when everything was so already.</param>
/// <param name="Warnings">What the user should know all the same.</param>
public sealed record ChangeResult(IReadOnlyList<Change> Changes, IReadOnlyList<Advice> Warnings);
