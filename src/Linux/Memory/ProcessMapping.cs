using System.Globalization;

namespace VirtioFs.Linux;

/// <summary>One mapping of a process's memory (<c>/proc/PID/maps</c>, proc_pid_maps(5)).</summary>
/// <param name="IsPrivate">Whether what the process writes stays its own (MAP_PRIVATE), though it maps a file.</param>
/// <param name="File">Device and inode of the file, as the kernel writes them; the inode is 0 for memory without a file.</param>
public readonly record struct ProcessMapping(bool IsPrivate, string File)
{
    /// <summary>The mapping that holds an address; null when there is none, or the process may not be looked at.</summary>
    public static ProcessMapping? Find(int processId, ulong address)
    {
        const int Range = 0, Permission = 1, Device = 3, Inode = 4;
        try
        {
            foreach (string line in System.IO.File.ReadLines($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/maps"))
            {
                string[] fields = line.Split(' ', 6);
                if (fields.Length > Inode && Holds(fields[Range], address))
                {
                    return new ProcessMapping(fields[Permission].EndsWith('p'), $"{fields[Device]} {fields[Inode]}");
                }
            }
        }
        catch (IOException)
        {
        }
        catch (UnauthorizedAccessException)
        {
        }

        return null;
    }

    private static bool Holds(string range, ulong address)
    {
        int dash = range.IndexOf('-', StringComparison.Ordinal);
        return dash > 0
            && ulong.TryParse(range.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong first)
            && ulong.TryParse(range.AsSpan(dash + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong end)
            && address >= first && address < end;
    }
}
