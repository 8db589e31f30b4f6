namespace VirtioFs.EndToEnd.Tests.Whole;

/// <summary>Tests that count what the whole process has, and so run while no other test does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
#pragma warning disable CA1711 // xunit calls it so.
public sealed class AloneCollection
#pragma warning restore CA1711
{
    /// <summary>The collection's name.</summary>
    public const string Name = "Alone";
}
