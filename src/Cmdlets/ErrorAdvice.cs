namespace VirtioFs.Cmdlets;

/// <summary>What to recommend beside an error of the library.</summary>
internal static class ErrorAdvice
{
    private const string Fallback = "Look into the log of libvirt's daemon (journalctl -u libvirtd, or -u virtqemud), and try again.";

    /// <summary>The library's messages end with what to do; what .NET and libvirt report themselves says only what is wrong.</summary>
    internal static string For(string errorId, string message) => errorId switch
    {
        "AccessDenied" => "Run this as a user who may use it: as root, or as a member of the group libvirt.",
        "FileNotFound" => "Correct the path. A text in the pipeline that does not begin with '<' is the path of a file; name a domain with -Name.",
        "FileNotUsable" => "Check that the file can be read and written, and that the disk is not full.",
        _ => LastSentence(message) ?? Fallback,
    };

    private static string? LastSentence(string message)
    {
        string text = message.Trim();
        int start = text.LastIndexOf(". ", StringComparison.Ordinal);
        return start < 0 || !text.EndsWith('.') ? null : text[(start + 2)..];
    }
}
