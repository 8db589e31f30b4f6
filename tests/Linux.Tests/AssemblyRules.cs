// Descriptors belong to the process, so tests that count them cannot run beside others.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
