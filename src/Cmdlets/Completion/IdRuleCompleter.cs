using System.Collections;

namespace VirtioFs.Cmdlets;

/// <summary>Completes rules for user and group ids: each kind, with numbers to begin from.</summary>
public sealed class IdRuleCompleter : LiveValueCompleter
{
    private static readonly uint s_own = Mono.Unix.UnixEnvironment.EffectiveUserId is var id && id > 0 ? (uint)id : 1000;

    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters) =>
    [
        new($"map:0:{s_own}:1", $"map:GUEST:HOST:COUNT - both ways, one to one; here the guest's root is {s_own} on the host"),
        new("map:0:100000:65536", "map:GUEST:HOST:COUNT - all ids of the guest lie from 100000 up on the host"),
        new($"guest:0:{s_own}:1", "guest:GUEST:HOST:COUNT - from the guest to the host only"),
        new($"host:{s_own}:0:1", "host:HOST:GUEST:COUNT - from the host to the guest only"),
        new("squash-guest:0:65534:4294967295", "squash-guest:GUEST:HOST:COUNT - many ids of the guest are one on the host"),
        new("squash-host:0:65534:4294967295", "squash-host:HOST:GUEST:COUNT - many ids of the host are one in the guest"),
        new("forbid-guest:1:4294967294", "forbid-guest:GUEST:COUNT - the guest cannot use these"),
    ];
}
