using System.Collections;

namespace VirtioFs.Cmdlets;

/// <summary>Completes the tags of the user's shares.</summary>
public sealed class ShareTagCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override bool ParameterTakesWildcards => true;

    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters) =>
        RunningShares.ListOwn()
            .OrderBy(share => share.Options.Tag, StringComparer.OrdinalIgnoreCase)
            .Select(share => new LiveValue(share.Options.Tag, $"Share {share.Id}: {share.Options.Path} ({share.State})"));
}
