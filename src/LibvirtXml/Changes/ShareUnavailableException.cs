using VirtioFs.LibvirtXml.FileSystems;

namespace VirtioFs.LibvirtXml.Changes;

/// <summary>A domain cannot start, since the share of one of its devices is not there or lets nobody in.</summary>
public sealed class ShareUnavailableException : LibvirtXmlException
{
    internal ShareUnavailableException(string errorId, string message, string domainName, FileSystem device)
        : base(errorId, ErrorKind.InvalidState, message)
    {
        DomainName = domainName;
        Device = device;
    }

    /// <summary>The domain's name.</summary>
    public string DomainName { get; }

    /// <summary>The device whose share is to be started.</summary>
    public FileSystem Device { get; }
}
