using System.Collections;
using Mono.Unix;

namespace VirtioFs.Cmdlets;

/// <summary>Completes the groups of the host.</summary>
public sealed class UnixGroupCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters) =>
        UnixGroupInfo.GetLocalGroups()
            .OrderBy(group => group.GroupName, StringComparer.Ordinal)
            .Select(group => new LiveValue(group.GroupName, $"Group {group.GroupId}"));
}
