namespace VirtioFs.LibvirtXml.Changes;

/// <summary>Somebody else has changed a domain since it was read. Nothing was changed here.</summary>
public sealed class DomainConflictException : LibvirtXmlException
{
    internal DomainConflictException(string domain, string connection)
        : base(
            "DomainChanged",
            ErrorKind.Conflict,
            $"The domain '{domain}' at {connection} has been changed by somebody else since it was read, so nothing was changed. Read it again, and repeat the change.")
    {
    }
}
