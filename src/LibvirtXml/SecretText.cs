using System.Text;
using System.Text.RegularExpressions;

namespace VirtioFs.LibvirtXml;

/// <summary>
/// Secrets within a text of another language than libvirt's: QEMU's options as qemu:commandline passes them, and systemd's credentials in
/// SMBIOS and firmware strings. What is secret there is known by its name alone.
/// </summary>
internal static partial class SecretText
{
    /// <summary>The parts of a text that are secret, first to last.</summary>
    /// <param name="text">One word of a command line, or one string.</param>
    public static IEnumerable<Group> Find(string text)
    {
        IEnumerable<Match> found = text.StartsWith('{') ? Json().Matches(text) : Option().Matches(text);
        bool isSecretObject = text.StartsWith("secret,", StringComparison.Ordinal) || SecretObject().IsMatch(text);
        if (isSecretObject)
        {
            found = found.Concat(text.StartsWith('{') ? JsonData().Matches(text) : Data().Matches(text));
        }

        return found.Concat(UserInformation().Matches(text)).Concat(Credential().Matches(text))
            .Select(match => match.Groups["secret"]).Where(secret => secret.Length > 0).DistinctBy(secret => secret.Index).OrderBy(secret => secret.Index);
    }

    /// <summary>The text with a mask for each secret.</summary>
    /// <param name="text">The text.</param>
    public static string Hide(string text)
    {
        StringBuilder hidden = new(text.Length);
        int end = 0;
        foreach (Group secret in Find(text))
        {
            if (secret.Index >= end)
            {
                hidden.Append(text, end, secret.Index - end).Append(DomainSecrets.Mask);
            }

            end = Math.Max(end, secret.Index + secret.Length);
        }

        return hidden.Append(text, end, text.Length - end).ToString();
    }

    /// <summary>Whether a variable, an element or an attribute of this name holds a secret.</summary>
    /// <param name="name">The name, such as <c>REGISTRY_TOKEN</c>.</param>
    public static bool IsSecretName(string name) => SecretName().IsMatch(name);

    // A comma within a value is written twice (qemu-options.hx). password-secret= and the like name an object, and end otherwise.
    [GeneratedRegex(@"(?:^|,)(?:[A-Za-z0-9_.-]*[.-])?(?:password|passwd|passphrase|cookie)=(?<secret>(?:[^,]|,,)*)", RegexOptions.IgnoreCase)]
    private static partial Regex Option();

    [GeneratedRegex(@"""(?:[^""]*[.-])?(?:password|passwd|passphrase|cookie)""\s*:\s*""(?<secret>(?:[^""\\]|\\.)*)""", RegexOptions.IgnoreCase)]
    private static partial Regex Json();

    // -object secret,id=a,data=VALUE, or as JSON.
    [GeneratedRegex(@"(?:^|,)qom-type=secret(?:,|$)|""qom-type""\s*:\s*""secret""")]
    private static partial Regex SecretObject();

    [GeneratedRegex(@"(?:^|,)data=(?<secret>(?:[^,]|,,)*)")]
    private static partial Regex Data();

    [GeneratedRegex(@"""data""\s*:\s*""(?<secret>(?:[^""\\]|\\.)*)""")]
    private static partial Regex JsonData();

    // scheme://user:secret@host
    [GeneratedRegex(@"://[^/@:,\s]*:(?<secret>[^/@\s]*)@")]
    private static partial Regex UserInformation();

    // systemd.system-credentials(7): SMBIOS strings of type 11, and firmware configuration. No name has ':' or '/' in it (credential_name_valid),
    // so a text that repeats the beginning is read once all the same.
    [GeneratedRegex(@"io\.systemd\.credential(?:\.binary)?:[^=,:/]*=(?<secret>.*)|opt/io\.systemd\.credentials/[^,:/]*,string=(?<secret>.*)", RegexOptions.Singleline)]
    private static partial Regex Credential();

    [GeneratedRegex("passw(or)?d|passphrase|secret|token|credential|api_?key|private_?key", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
