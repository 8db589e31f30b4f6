namespace VirtioFs.Fuse.Passthrough.Options;

/// <summary>What a guest may remember of a share, and for how long. The names and times are those of virtiofsd.</summary>
public enum CachePolicy
{
    /// <summary>Nothing; reads and writes go past the guest's page cache. Names and attributes: 0 s.</summary>
    Never,

    /// <summary>Data until the file is opened anew or found changed. Names and attributes: 1 s.</summary>
    Auto,

    /// <summary>Names and attributes, for a day, but no data.</summary>
    Metadata,

    /// <summary>Everything, for a day: for shares that only this guest changes.</summary>
    Always,
}
