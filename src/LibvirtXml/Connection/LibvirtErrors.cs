using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml;

/// <summary>Turns libvirt's last error of this thread into an exception that says what to do.</summary>
internal static unsafe class LibvirtErrors
{
    /// <summary>Makes the exception for the call that has just failed on this thread.</summary>
    /// <param name="whatFailed">A sentence without its full stop, such as "The domain 'a' cannot be started".</param>
    /// <param name="connection">The connection's URI.</param>
    /// <param name="isOpening">Whether the call was to open the connection, so that whatever is wrong keeps it closed.</param>
    /// <returns>The exception.</returns>
    public static LibvirtException Take(string whatFailed, string? connection, bool isOpening = false)
    {
        VirError* error = LibvirtNative.GetLastError();
        int code = error is null ? 0 : error->Code;
        int source = error is null ? 0 : error->Domain;
        string words = error is null ? "no reason given" : Marshal.PtrToStringUTF8((nint)error->Message) ?? "no reason given";
        LibvirtNative.ResetLastError();
        (string id, string advice) = Explain((LibvirtErrorCode)code, words, connection ?? "the default connection");
        (id, advice) = isOpening && id == "LibvirtError" ? ("ConnectionFailed", OpeningAdvice) : (id, advice);
        return new LibvirtException(id, $"{whatFailed}: {words.TrimEnd('.', '\n')}. {advice}".TrimEnd(), code, source, words);
    }

    private static (string Id, string Advice) Explain(LibvirtErrorCode code, string words, string connection) => code switch
    {
        LibvirtErrorCode.NoDomain =>
            ("DomainNotFound", $"It may have been removed or renamed; Get-VMDomain -Connection {connection} lists those that are there."),
        LibvirtErrorCode.OperationDenied =>
            ("ReadOnlyConnection", "Open the connection for writing: leave -ReadOnly out."),
        LibvirtErrorCode.AccessDenied or LibvirtErrorCode.AuthFailed or LibvirtErrorCode.AuthCancelled or LibvirtErrorCode.AuthUnavailable =>
            ("AccessDenied", PermissionAdvice),
        LibvirtErrorCode.SystemError when words.Contains("Permission denied", StringComparison.Ordinal) => ("AccessDenied", PermissionAdvice),
        LibvirtErrorCode.SystemError when words.Contains("connect socket", StringComparison.Ordinal) =>
            ("ConnectionFailed", "Start libvirt's daemon (systemctl start libvirtd, or virtqemud), or correct the URI."),
        LibvirtErrorCode.NoConnect or LibvirtErrorCode.InvalidArgument when words.Contains("connection", StringComparison.OrdinalIgnoreCase) =>
            ("ConnectionFailed", "Correct the URI: qemu:///system, qemu:///session, qemu+ssh://host/system or test:///default."),
        LibvirtErrorCode.Rpc => ("ConnectionFailed", "The connection to the daemon failed or was lost; open it again."),
        LibvirtErrorCode.XmlInvalidSchema or LibvirtErrorCode.XmlDetail or LibvirtErrorCode.XmlError =>
            ("InvalidXml", "Correct the XML; nothing was changed."),
        LibvirtErrorCode.ConfigUnsupported => ("ConfigurationRefused", "Change the setting that it names; nothing was changed."),
        LibvirtErrorCode.OperationInvalid => ("OperationInvalid", "Check the domain's state with Get-VMDomain."),
        LibvirtErrorCode.NoSupport or LibvirtErrorCode.OperationUnsupported =>
            ("NotSupported", $"The driver of {connection} cannot do this."),
        LibvirtErrorCode.DeviceMissing => ("DeviceNotFound", "Get-VMFileSystem shows the devices that are there."),
        _ => ("LibvirtError", string.Empty),
    };

    private const string OpeningAdvice =
        "Check that libvirt's daemon runs, and that you may use it: as root, or as a member of the group libvirt.";

    private const string PermissionAdvice =
        "Run this as root or as a member of the group libvirt, or use qemu:///session for machines of your own.";
}
