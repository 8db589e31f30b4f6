namespace VirtioFs.LibvirtXml.Files;

/// <summary>A file that was written.</summary>
/// <param name="Stamp">The file as it is now.</param>
/// <param name="Warnings">What to know about it.</param>
internal sealed record WrittenFile(FileStamp Stamp, IReadOnlyList<Advice> Warnings);
