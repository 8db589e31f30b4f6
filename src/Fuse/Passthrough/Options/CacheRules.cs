using VirtioFs.Fuse.Wire.Files;

namespace VirtioFs.Fuse.Passthrough.Options;

/// <summary>What a <see cref="CachePolicy"/> means for single answers, worked out once.</summary>
/// <param name="Attributes">How long attributes stay good.</param>
/// <param name="Entries">How long names stay good.</param>
/// <param name="Negative">How long a missing name stays missing.</param>
/// <param name="OpenFile">What the guest is told when it opens a file.</param>
/// <param name="OpenDirectory">What the guest is told when it opens a directory.</param>
/// <param name="ReadDirectoryPlus">Whether READDIRPLUS is offered.</param>
internal sealed record CacheRules(
    WireTime Attributes,
    WireTime Entries,
    WireTime Negative,
    OpenReplyFlags OpenFile,
    OpenReplyFlags OpenDirectory,
    bool ReadDirectoryPlus)
{
    internal static CacheRules Of(PassthroughOptions options)
    {
        TimeSpan good = options.Cache switch
        {
            CachePolicy.Never => TimeSpan.Zero,
            CachePolicy.Auto => TimeSpan.FromSeconds(1),
            _ => TimeSpan.FromDays(1),
        };
        bool noData = options.Cache is CachePolicy.Never or CachePolicy.Metadata;
        bool always = options.Cache == CachePolicy.Always;
        return new CacheRules(
            WireTime.Of(options.AttributeTimeout ?? good),
            WireTime.Of(options.EntryTimeout ?? good),
            WireTime.Of(options.NegativeTimeout),
            noData ? OpenReplyFlags.DirectIo : always ? OpenReplyFlags.KeepCache : OpenReplyFlags.None,
            always ? OpenReplyFlags.CacheDirectory | OpenReplyFlags.KeepCache : OpenReplyFlags.None,
            options.ReadDirectoryPlus ?? options.Cache != CachePolicy.Never);
    }
}

/// <summary>A span of time as answers carry it.</summary>
/// <param name="Seconds">Whole seconds.</param>
/// <param name="Nanoseconds">Beside.</param>
internal readonly record struct WireTime(ulong Seconds, uint Nanoseconds)
{
    internal static WireTime Of(TimeSpan span) =>
        new((ulong)(span.Ticks / TimeSpan.TicksPerSecond), (uint)(span.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick));
}
