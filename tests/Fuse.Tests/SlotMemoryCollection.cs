namespace VirtioFs.Fuse.Tests;

/// <summary>These tests measure or use up what the whole process has, so nothing else runs beside them.</summary>
[CollectionDefinition(nameof(SlotMemoryTests), DisableParallelization = true)]
public sealed class SlotMemoryCollection;
