namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>How the daemon locks itself in: <c>&lt;sandbox mode=…/&gt;</c>, since libvirt 7.2.</summary>
public enum FileSystemSandbox
{
    /// <summary><c>namespace</c>: a mount namespace of its own.</summary>
    Namespace,

    /// <summary><c>chroot</c>: a changed root directory.</summary>
    Chroot,
}
