namespace VirtioFs.LibvirtXml.Connection.Native;

/// <summary>libvirt's numbers of the errors that are told apart here (`virErrorNumber` in virterror.h).</summary>
internal enum LibvirtErrorCode
{
    InternalError = 1,
    NoSupport = 3,
    NoConnect = 5,
    InvalidArgument = 8,
    XmlError = 27,
    OperationDenied = 29,
    XmlDetail = 35,
    SystemError = 38,
    Rpc = 39,
    NoDomain = 42,
    AuthFailed = 45,
    OperationInvalid = 55,
    ConfigUnsupported = 67,
    OperationTimeout = 68,
    AuthCancelled = 79,
    OperationUnsupported = 84,
    AccessDenied = 88,
    XmlInvalidSchema = 92,
    AuthUnavailable = 94,
    DeviceMissing = 99,
    MultipleDomains = 110,
}
