namespace VirtioFs.LibvirtXml.Vmm;

/// <summary>The pages of one memory backend.</summary>
/// <param name="IsHuge">Whether they are hugepages.</param>
/// <param name="Size">Their size; null for the host's default.</param>
internal readonly record struct PageChoice(bool IsHuge, ByteSize? Size);
