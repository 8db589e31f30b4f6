namespace VirtioFs.LibvirtXml.Connection;

/// <summary>What a domain is doing (`virDomainState`).</summary>
public enum DomainState
{
    /// <summary>libvirt does not know.</summary>
    Unknown = 0,

    /// <summary>The guest runs.</summary>
    Running = 1,

    /// <summary>The guest waits for a resource.</summary>
    Blocked = 2,

    /// <summary>The guest is paused.</summary>
    Paused = 3,

    /// <summary>The guest is shutting down.</summary>
    ShuttingDown = 4,

    /// <summary>The guest is off.</summary>
    Off = 5,

    /// <summary>The guest has crashed.</summary>
    Crashed = 6,

    /// <summary>The guest sleeps.</summary>
    Suspended = 7,
}
