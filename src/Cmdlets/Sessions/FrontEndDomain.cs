using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Which virtual machine a front end is the monitor of.</summary>
internal static class FrontEndDomain
{
    private const string NameOption = "-name";
    private const string GuestPrefix = "guest=";

    /// <summary>The domain that the share was started for, or the name that QEMU was given; null when neither is known.</summary>
    internal static string? Of(IRunningShare share, ShareGuest guest) => DomainShare.Of(share)?.Name ?? ReadName(guest);

    // libvirt's -name guest=web01,debug-threads=on, or a person's -name web01; a comma in a name is written twice (qemu(1)).
    private static string? ReadName(ShareGuest guest)
    {
        if (guest.ProcessId == 0 || guest.ProcessName?.StartsWith("qemu", StringComparison.Ordinal) != true)
        {
            return null;
        }

        string[] words;
        try
        {
            words = File.ReadAllText($"/proc/{guest.ProcessId}/cmdline").Split('\0');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        int at = Array.IndexOf(words, NameOption);
        if (at < 0 || at + 1 >= words.Length)
        {
            return null;
        }

        const char Comma = '\uFFFF';
        string first = words[at + 1].Replace(",,", $"{Comma}", StringComparison.Ordinal).Split(',')[0].Replace(Comma, ',');
        return first.StartsWith(GuestPrefix, StringComparison.Ordinal) ? first[GuestPrefix.Length..] : first;
    }
}
