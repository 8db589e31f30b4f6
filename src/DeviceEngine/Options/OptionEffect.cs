namespace VirtioFs.DeviceEngine.Options;

/// <summary>When a value is read, and with that, whether a change could reach a guest that is connected.</summary>
public enum OptionEffect
{
    /// <summary>When the share starts: a change needs a new share.</summary>
    Start,

    /// <summary>When a guest's driver starts (FUSE_INIT, or vhost-user's negotiation): a change reaches the next guest, or this one after a new mount.</summary>
    Connection,

    /// <summary>With each request: a change can be made under a connected guest.</summary>
    Request,
}
