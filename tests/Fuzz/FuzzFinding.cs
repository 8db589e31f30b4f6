namespace VirtioFs.Fuzz;

/// <summary>Something that must hold does not.</summary>
internal sealed class FuzzFinding(string message) : Exception(message);
