using System.Management.Automation;

namespace VirtioFs.Cmdlets;

/// <summary>
/// A name with wildcards, in upper or lower case. The user's language does not matter: in Turkish an 'I' is not the capital of an 'i', and a
/// runbook would find other machines there.
/// </summary>
internal static class NamePattern
{
    internal static WildcardPattern Of(string text) => WildcardPattern.Get(text, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
}
