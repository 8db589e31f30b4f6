namespace VirtioFs.Fuse.Tests;

/// <summary>These tests measure the whole process's memory, so nothing else runs beside them.</summary>
[CollectionDefinition(nameof(SlotMemoryTests), DisableParallelization = true)]
public sealed class SlotMemoryCollection;
