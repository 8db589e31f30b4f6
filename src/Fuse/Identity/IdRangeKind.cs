namespace VirtioFs.Fuse.Identity;

/// <summary>What an <see cref="IdRange"/> does; the names in brackets are those of virtiofsd's <c>--translate-uid</c>.</summary>
public enum IdRangeKind
{
    /// <summary>Guest ids become host ids, one for one (<c>guest</c>).</summary>
    GuestToHost,

    /// <summary>Host ids become guest ids, one for one (<c>host</c>).</summary>
    HostToGuest,

    /// <summary>Guest ids all become one host id (<c>squash-guest</c>).</summary>
    SquashGuest,

    /// <summary>Host ids all become one guest id (<c>squash-host</c>).</summary>
    SquashHost,

    /// <summary>Guest ids that may not be used: making something theirs is EPERM (<c>forbid-guest</c>).</summary>
    ForbidGuest,

    /// <summary>Guest ids become host ids and back, one for one (<c>map</c>).</summary>
    Both,
}
