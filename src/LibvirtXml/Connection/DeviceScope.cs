namespace VirtioFs.LibvirtXml.Connection;

/// <summary>What a change of a device touches (`virDomainModificationImpact`).</summary>
[Flags]
public enum DeviceScope
{
    /// <summary>The running guest if there is one, else the definition.</summary>
    Current = 0,

    /// <summary>The running guest.</summary>
    Live = 1,

    /// <summary>The definition, which holds from the next start.</summary>
    Config = 2,
}
