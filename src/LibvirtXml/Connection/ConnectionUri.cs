namespace VirtioFs.LibvirtXml.Connection;

/// <summary>What is done to a connection's URI before libvirt gets it.</summary>
internal static class ConnectionUri
{
    private const string NoTerminal = "no_tty";

    /// <summary>
    /// Keeps ssh from asking for a password on the terminal, which would hang whatever runs unattended: libvirt's <c>no_tty</c> is ssh's
    /// BatchMode. A URI that has the parameter already, such as <c>no_tty=0</c>, stays as it is.
    /// </summary>
    /// <param name="uri">The URI; null for libvirt's default, of which LIBVIRT_DEFAULT_URI is looked at here.</param>
    public static string? WithoutPrompt(string? uri)
    {
        string? wanted = uri ?? Environment.GetEnvironmentVariable("LIBVIRT_DEFAULT_URI");
        if (string.IsNullOrEmpty(wanted) || !IsSsh(wanted))
        {
            return uri;
        }

        int fragment = wanted.IndexOf('#', StringComparison.Ordinal);
        string main = fragment < 0 ? wanted : wanted[..fragment];
        string rest = fragment < 0 ? string.Empty : wanted[fragment..];
        int query = main.IndexOf('?', StringComparison.Ordinal);
        if (query < 0)
        {
            return $"{main}?{NoTerminal}=1{rest}";
        }

        bool isSaid = main[(query + 1)..].Split('&', ';').Any(parameter => parameter.Split('=')[0] == NoTerminal);
        return isSaid ? wanted : $"{main}{(main.EndsWith('?') ? string.Empty : "&")}{NoTerminal}=1{rest}";
    }

    /// <summary>Whether the URI's transport is the ssh program.</summary>
    public static bool IsSsh(string uri)
    {
        int end = uri.IndexOf(':', StringComparison.Ordinal);
        return end > 0 && uri[..end].EndsWith("+ssh", StringComparison.OrdinalIgnoreCase);
    }
}
