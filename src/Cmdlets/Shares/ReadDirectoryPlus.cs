namespace VirtioFs.Cmdlets;

/// <summary>Whether listing a directory also tells the attributes of what is in it.</summary>
public enum ReadDirectoryPlus
{
    /// <summary>Where the guest expects to use them; not under a cache policy by which it may not remember them.</summary>
    Auto,

    /// <summary>With every listing.</summary>
    On,

    /// <summary>Never.</summary>
    Off,
}
