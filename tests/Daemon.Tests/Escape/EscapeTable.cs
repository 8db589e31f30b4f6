using System.Reflection;

namespace VirtioFs.Daemon.Tests;

/// <summary>The table in <c>docs/jail.md</c> of what each layer makes of each attempt.</summary>
internal sealed class EscapeTable
{
    internal const string Ends = "ends it", Refused = "refused", NotThere = "there is none", Let = "let";

    private readonly string[] _layers;
    private readonly Dictionary<string, string[]> _cells = [];

    internal EscapeTable()
    {
        string checkout = typeof(EscapeTable).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "Checkout").Value!;
        string[][] rows =
        [
            .. File.ReadLines(Path.Combine(checkout, "docs", "jail.md")).SkipWhile(line => !line.StartsWith("| attempt | `namespace`", StringComparison.Ordinal))
                .TakeWhile(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries)),
        ];
        _layers = [.. rows[0].Skip(1).Select(name => name.Trim('`'))];
        foreach (string[] row in rows.Skip(2))
        {
            Array.ForEach(row[0].Split(", "), attempt => _cells.Add(attempt, row[1..]));
        }
    }

    internal IEnumerable<string> Attempts => _cells.Keys;

    /// <summary>What is to become of an attempt under some layers: the hardest of their answers.</summary>
    internal string Expect(string attempt, IReadOnlyCollection<string> layers)
    {
        string[] answers = [.. layers.Select(layer => _cells[attempt][Array.IndexOf(_layers, layer)])];
        return Array.Find((string[])[Ends, NotThere, Refused], answers.Contains)
            ?? (Array.TrueForAll(answers, answer => answer.StartsWith(Let, StringComparison.Ordinal)) ? Let : throw new FormatException($"{attempt}: {string.Join(", ", answers)}"));
    }
}
