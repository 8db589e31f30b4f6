namespace VirtioFs.LibvirtXml.Memory;

/// <summary>A NUMA node of the guest: <c>&lt;cpu&gt;&lt;numa&gt;&lt;cell …/&gt;</c>.</summary>
public sealed record NumaCell
{
    /// <summary>The node's number, from 0.</summary>
    public required int Id { get; init; }

    /// <summary>The node's virtual CPUs, such as <c>0-7</c>; null for a node without.</summary>
    public string? Cpus { get; init; }

    /// <summary>The node's memory.</summary>
    public required ByteSize Memory { get; init; }

    /// <summary>Whether others may map this node's memory; null for what the domain says.</summary>
    public MemoryAccess? MemAccess { get; init; }

    /// <summary>Whether the node's memory is thrown away without being written; null for what the domain says.</summary>
    public bool? Discard { get; init; }

    /// <summary>Reads a cell such as <c>id=0,cpus=0-7,memory=2G,memAccess=shared</c>.</summary>
    /// <param name="text">Names and values; a value with commas goes on until the next name.</param>
    /// <param name="defaultId">The number of a cell that names none.</param>
    /// <returns>The cell.</returns>
    /// <exception cref="FormatException">The text is no cell.</exception>
    public static NumaCell Parse(string text, int defaultId)
    {
        Dictionary<string, string> parts = SplitParts(text ?? string.Empty);
        string[] unknown = [.. parts.Keys.Where(name => name is not ("id" or "cpus" or "memory" or "memaccess" or "discard"))];
        bool hasId = int.TryParse(parts.GetValueOrDefault("id", defaultId.ToString(System.Globalization.CultureInfo.InvariantCulture)), out int id);
        string? access = parts.GetValueOrDefault("memaccess")?.ToLowerInvariant();
        string? discard = parts.GetValueOrDefault("discard")?.ToLowerInvariant() switch
        {
            "true" or "on" => "yes",
            "false" or "off" => "no",
            string other => other,
            null => null,
        };
        if (unknown.Length > 0 || !hasId || id < 0 || !ByteSize.TryParse(parts.GetValueOrDefault("memory"), out ByteSize memory)
            || access is not (null or "shared" or "private") || discard is not (null or "yes" or "no"))
        {
            throw new FormatException(
                $"'{text}' is not a NUMA cell. Write id=0,cpus=0-7,memory=2G,memAccess=shared; id, cpus, memAccess (shared or private) " +
                "and discard (yes or no) may be left out.");
        }

        return new NumaCell
        {
            Id = id,
            Cpus = parts.GetValueOrDefault("cpus"),
            Memory = memory,
            MemAccess = access switch
            {
                "shared" => MemoryAccess.Shared,
                "private" => MemoryAccess.Private,
                _ => null,
            },
            Discard = discard is null ? null : discard == "yes",
        };
    }

    private static Dictionary<string, string> SplitParts(string text)
    {
        Dictionary<string, string> parts = [];
        string? name = null;
        foreach (string piece in text.Split(',', StringSplitOptions.TrimEntries))
        {
            int equals = piece.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 && name is not null)
            {
                parts[name] += "," + piece;
                continue;
            }

            name = equals < 0 ? piece.ToLowerInvariant() : piece[..equals].Trim().ToLowerInvariant();
            parts[name] = equals < 0 ? string.Empty : piece[(equals + 1)..].Trim();
        }

        return parts;
    }
}
