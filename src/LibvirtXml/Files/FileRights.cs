namespace VirtioFs.LibvirtXml.Files;

/// <summary>What a written file's owner, permission and access list are.</summary>
internal enum FileRights
{
    /// <summary>Those of the file in whose place it is put; those that the umask or the folder's default list gives when there was none.</summary>
    Kept,

    /// <summary>The caller's own, readable and writable for nobody else, without an access list: the content holds secrets.</summary>
    Private,

    /// <summary>As <see cref="Kept"/>, but whoever may read may execute, and only the owner may write; 0755 when there was no file.</summary>
    Executable,
}
