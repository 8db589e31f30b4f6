namespace VirtioFs.DeviceEngine.Device;

/// <summary>The single bits of a set of flags by their names.</summary>
internal static class FlagNames
{
    /// <summary>The names of the bits that are set; a bit that has none is left out.</summary>
    internal static IEnumerable<string> Of<T>(T flags) where T : struct, Enum
    {
        foreach (T flag in Enum.GetValues<T>())
        {
            if (ulong.IsPow2(Convert.ToUInt64(flag)) && flags.HasFlag(flag))
            {
                yield return flag.ToString();
            }
        }
    }
}
