using System.Collections;
using VirtioFs.Fuse.Wire;

namespace VirtioFs.Cmdlets;

/// <summary>Completes operations of FUSE.</summary>
public sealed class FuseOperationCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override bool ParameterTakesWildcards => true;

    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters) =>
        Enum.GetNames<FuseOpcode>().Order(StringComparer.Ordinal).Select(name => new LiveValue(name, $"The operation {name} of FUSE"));
}
