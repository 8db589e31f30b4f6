using System.Text;

namespace VirtioFs.Bench.Reports;

/// <summary>Columns of text: the first to the left, the others to the right.</summary>
internal sealed class TextTable(params string[] titles)
{
    private readonly List<string[]> _rows = [titles];

    public void Add(params string[] row) => _rows.Add(row);

    public override string ToString()
    {
        int[] widths = [.. titles.Select((_, column) => _rows.Max(row => row[column].Length))];
        StringBuilder text = new();
        foreach (string[] row in _rows)
        {
            string line = string.Join("  ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column])));
            text.AppendLine(line.TrimEnd());
        }

        return text.ToString();
    }
}
