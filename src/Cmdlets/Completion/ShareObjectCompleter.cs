using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Completes a parameter that takes a share: with the command that gets it, since a share is an object and no word.</summary>
public sealed class ShareObjectCompleter : IArgumentCompleter
{
    /// <summary>Called by PowerShell when the user asks for completion.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string beginning = (wordToComplete ?? string.Empty).Trim('(', '\'', '"');
        foreach (IRunningShare share in RunningShares.ListOwn().OrderBy(share => share.Options.Tag, StringComparer.OrdinalIgnoreCase))
        {
            if (share.Options.Tag.StartsWith(beginning, StringComparison.OrdinalIgnoreCase))
            {
                string tag = new QuotedWord(string.Empty).Quote(WildcardPattern.Escape(share.Options.Tag));
                yield return new CompletionResult(
                    $"(Get-VirtioFsShare {tag})", share.Options.Tag, CompletionResultType.ParameterValue, $"Share {share.Id}: {share.Options.Path} ({share.State})");
            }
        }
    }
}
