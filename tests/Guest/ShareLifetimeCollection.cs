namespace VirtioFs.Guest;

/// <summary>These tests count what the whole process holds, so nothing else runs beside them.</summary>
[CollectionDefinition(nameof(ShareLifetimeTests), DisableParallelization = true)]
public sealed class ShareLifetimeCollection;
