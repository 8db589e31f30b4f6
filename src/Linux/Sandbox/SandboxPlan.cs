namespace VirtioFs.Linux;

/// <summary>What a confined process is to be.</summary>
public sealed record SandboxPlan
{
    /// <summary>The program, by its absolute path.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments, without its name.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Its environment, as <c>NAME=value</c>.</summary>
    public required IReadOnlyList<string> Environment { get; init; }

    /// <summary>The descriptors that it inherits, beside those that the caller has let be inherited anyway.</summary>
    public required IReadOnlyList<int> Descriptors { get; init; }

    /// <summary>A descriptor, among those, that is to become the process's directory of descriptors.</summary>
    public required int DescriptorDirectory { get; init; }

    /// <summary>Whether it has mounts, processes, a network and the like of its own; else it is only a process with fewer rights.</summary>
    public required bool HasNamespaces { get; init; }

    /// <summary>Whether it has users of its own.</summary>
    public required bool HasUsers { get; init; }

    /// <summary>Whether it becomes the root of its own users; else it stays who it is, and has no capabilities.</summary>
    public required bool IsRoot { get; init; }

    /// <summary>The capabilities that it and all that it starts can ever have, as bits of <c>linux/capability.h</c>.</summary>
    public required ulong Capabilities { get; init; }
}
