using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace VirtioFs.Cmdlets;

/// <summary>Completes an argument from what exists now: by its beginning or by wildcards, and quoted where PowerShell needs it.</summary>
public abstract class LiveValueCompleter : IArgumentCompleter
{
    /// <summary>Whether the parameter reads wildcards, so that a value that has such characters must be escaped.</summary>
    protected virtual bool ParameterTakesWildcards => false;

    /// <summary>Called by PowerShell when the user asks for completion.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new QuotedWord(wordToComplete ?? string.Empty);
        WildcardPattern pattern = PatternFor(word.Text);
        foreach (LiveValue value in FindValues(fakeBoundParameters))
        {
            if (pattern.IsMatch(value.Text))
            {
                string argument = ParameterTakesWildcards ? WildcardPattern.Escape(value.Text) : value.Text;
                yield return new CompletionResult(word.Quote(argument), value.Text, CompletionResultType.ParameterValue, value.ToolTip);
            }
        }
    }

    /// <summary>Lists what exists now. It must be quick, and must not throw.</summary>
    /// <param name="boundParameters">The other parameters that the user has written so far.</param>
    protected abstract IEnumerable<LiveValue> FindValues(IDictionary boundParameters);

    private static WildcardPattern PatternFor(string word) =>
        NamePattern.Of(WildcardPattern.ContainsWildcardCharacters(word) ? word + "*" : WildcardPattern.Escape(word) + "*");
}
