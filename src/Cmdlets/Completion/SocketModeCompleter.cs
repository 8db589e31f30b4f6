using System.Collections;

namespace VirtioFs.Cmdlets;

/// <summary>Completes the modes that make sense for a socket.</summary>
public sealed class SocketModeCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters) =>
    [
        new("0600", "Only the owner may connect"),
        new("0660", "The owner and the group may connect"),
        new("0666", "Everybody on this host may connect"),
    ];
}
