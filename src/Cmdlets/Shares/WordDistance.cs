namespace VirtioFs.Cmdlets;

/// <summary>How far two words are apart: letters that are put in, left out or another, or two that changed places.</summary>
internal static class WordDistance
{
    private const int LongestWord = 64;

    /// <summary>The number of changes; words of more than 64 letters are as far apart as can be.</summary>
    internal static int Between(string first, string second)
    {
        if (first.Length > LongestWord || second.Length > LongestWord)
        {
            return int.MaxValue;
        }

        int[,] changes = new int[first.Length + 1, second.Length + 1];
        for (int i = 0; i <= first.Length; i++)
        {
            for (int j = 0; j <= second.Length; j++)
            {
                changes[i, j] = i == 0 || j == 0 ? i + j : Least(changes, first, second, i, j);
            }
        }

        return changes[first.Length, second.Length];
    }

    private static int Least(int[,] changes, string first, string second, int i, int j)
    {
        int replaced = changes[i - 1, j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1);
        int least = Math.Min(replaced, Math.Min(changes[i - 1, j], changes[i, j - 1]) + 1);
        bool isSwapped = i > 1 && j > 1 && first[i - 1] == second[j - 2] && first[i - 2] == second[j - 1];
        return isSwapped ? Math.Min(least, changes[i - 2, j - 2] + 1) : least;
    }
}
