using System.Runtime.Versioning;

// Descriptors, threads and mappings belong to the process, so tests that count them cannot run beside others.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: SupportedOSPlatform("linux")]
