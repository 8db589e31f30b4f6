using System.Collections;
using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.Cmdlets;

/// <summary>Completes the tags of this process's shares.</summary>
public sealed class ShareTagCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override bool ParameterTakesWildcards => true;

    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters) =>
        ShareRegistry.List()
            .OrderBy(share => share.Options.Tag, StringComparer.OrdinalIgnoreCase)
            .Select(share => new LiveValue(share.Options.Tag, $"Share {share.Id}: {share.Options.Path} ({share.State})"));
}
