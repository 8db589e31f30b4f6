using System.Globalization;

namespace VirtioFs.LibvirtXml.Memory;

/// <summary>libvirt's sets of CPUs and nodes: <c>0-3,5,^2</c> (`virBitmapParse`).</summary>
internal static class NumberSet
{
    private const int Maximum = 16384;

    public static SortedSet<int> Parse(string text, string whatItIs)
    {
        SortedSet<int> numbers = [];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            bool isExcluded = part.StartsWith('^');
            string[] ends = part.TrimStart('^').Split('-');
            int first = Number(ends[0]);
            int last = ends.Length == 2 && !isExcluded ? Number(ends[1]) : first;
            if (first < 0 || last < first || ends.Length > 2 || (isExcluded && ends.Length > 1))
            {
                throw new DomainRuleException(
                    "InvalidSet",
                    $"The {whatItIs} '{text}' is not a set of numbers. Write numbers and ranges between commas, for example 0-3,5.");
            }

            foreach (int number in Enumerable.Range(first, last - first + 1))
            {
                _ = isExcluded ? numbers.Remove(number) : numbers.Add(number);
            }
        }

        return numbers;
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < Maximum ? number : -1;
}
