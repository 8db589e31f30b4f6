namespace VirtioFs.Cmdlets;

/// <summary>Whether listing a directory also tells the attributes of what is in it.</summary>
public enum ReadDirectoryPlus
{
    /// <summary>As the cache policy makes it useful: on, unless nothing may be cached.</summary>
    Automatic,

    /// <summary>Where the guest wants it.</summary>
    On,

    /// <summary>Never.</summary>
    Off,
}
