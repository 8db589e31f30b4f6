using System.Collections;
using System.Globalization;

namespace VirtioFs.Cmdlets;

/// <summary>Completes the ids of the user's shares.</summary>
public sealed class ShareIdCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters) =>
        RunningShares.List()
            .OrderBy(share => share.Id)
            .Select(share => new LiveValue(share.Id.ToString(CultureInfo.InvariantCulture), $"{share.Options.Tag}: {share.Options.Path} ({share.State})"));
}
