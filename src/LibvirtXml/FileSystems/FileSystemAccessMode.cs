namespace VirtioFs.LibvirtXml.FileSystems;

/// <summary>How permissions are applied: <c>&lt;filesystem accessmode=…&gt;</c>. virtiofs knows passthrough alone; the others are 9p's.</summary>
public enum FileSystemAccessMode
{
    /// <summary><c>passthrough</c>: users in the guest have the rights of the same users on the host.</summary>
    Passthrough,

    /// <summary><c>mapped</c>: owners and modes are kept in extended attributes (9p).</summary>
    Mapped,

    /// <summary><c>squash</c>: as passthrough, with failing ownership changes ignored (9p).</summary>
    Squash,
}
