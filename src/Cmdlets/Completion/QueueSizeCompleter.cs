using System.Collections;

namespace VirtioFs.Cmdlets;

/// <summary>Completes sizes that a queue can have.</summary>
public sealed class QueueSizeCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters) =>
    [
        new("128", "What QEMU uses when nobody says"),
        new("256", "256 entries"),
        new("512", "512 entries"),
        new("1024", "The most that monitors can, and the fastest"),
    ];
}
