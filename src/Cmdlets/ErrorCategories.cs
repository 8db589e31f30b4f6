using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>PowerShell's categories for the library's kinds of errors.</summary>
internal static class ErrorCategories
{
    /// <summary>The stable id and the category of an error that the library or a file gave.</summary>
    internal static (string ErrorId, ErrorCategory Category) Of(Exception exception) => exception switch
    {
        LibvirtXmlException known => (known.ErrorId, Of(known.Kind)),
        UnauthorizedAccessException => ("AccessDenied", ErrorCategory.PermissionDenied),
        FileNotFoundException or DirectoryNotFoundException => ("FileNotFound", ErrorCategory.ObjectNotFound),
        FormatException => ("InvalidValue", ErrorCategory.InvalidArgument),
        IOException => ("FileNotUsable", ErrorCategory.WriteError),
        _ => ("UnexpectedError", ErrorCategory.NotSpecified),
    };

    private static ErrorCategory Of(ErrorKind kind) => kind switch
    {
        ErrorKind.InvalidArgument => ErrorCategory.InvalidArgument,
        ErrorKind.InvalidData => ErrorCategory.InvalidData,
        ErrorKind.NotFound => ErrorCategory.ObjectNotFound,
        ErrorKind.AlreadyExists => ErrorCategory.ResourceExists,
        ErrorKind.PermissionDenied => ErrorCategory.PermissionDenied,
        ErrorKind.AuthenticationFailed => ErrorCategory.AuthenticationError,
        ErrorKind.NotInstalled => ErrorCategory.NotInstalled,
        ErrorKind.ConnectionFailed => ErrorCategory.ConnectionError,
        ErrorKind.Timeout => ErrorCategory.OperationTimeout,
        ErrorKind.Conflict => ErrorCategory.ResourceUnavailable,
        ErrorKind.NotSupported => ErrorCategory.NotImplemented,
        ErrorKind.WriteFailed => ErrorCategory.WriteError,
        _ => ErrorCategory.InvalidOperation,
    };
}
