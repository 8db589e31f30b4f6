using System.Globalization;
using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml.Connection.Native;

/// <summary>Turns libvirt's last error of this thread into an exception that says what to do.</summary>
internal static unsafe class LibvirtErrors
{
    /// <summary>`VIR_FROM_RPC` of virErrorDomain.</summary>
    private const int FromRpc = 7;

    /// <summary>Makes the exception for the call that has just failed on this thread.</summary>
    /// <param name="whatFailed">A sentence without its full stop, such as "The domain 'a' cannot be started".</param>
    /// <param name="connection">The connection's URI.</param>
    /// <param name="isOpening">Whether the call was to open the connection, so that whatever is wrong keeps it closed.</param>
    /// <param name="handle">The connection that the call was made on; null when there is none.</param>
    /// <returns>The exception.</returns>
    public static LibvirtException Take(string whatFailed, string? connection, bool isOpening = false, ConnectionHandle? handle = null)
    {
        VirError* error = LibvirtNative.GetLastError();
        int code = error is null ? 0 : error->Code;
        int source = error is null ? 0 : error->Domain;
        string words = error is null ? "no reason given" : Marshal.PtrToStringUTF8((nint)error->Message) ?? "no reason given";
        LibvirtNative.ResetLastError();
        (string id, ErrorKind kind, string advice) = Explain((LibvirtErrorCode)code, words, connection ?? "the default connection");
        bool isOfDomains = id is "LibvirtError" or "InvalidXml" or "NotSupported" or "OperationInvalid" or "ConfigurationRefused" or "DeviceNotFound" or "DomainNotFound";
        (id, kind, advice) = isOpening && isOfDomains ? ("ConnectionFailed", ErrorKind.ConnectionFailed, OpeningAdvice) : (id, kind, advice);
        bool isLost = !isOpening && (IsTransportError(source, code) || handle is { IsAlive: false });
        (id, kind, advice) = isLost ? ("ConnectionLost", ErrorKind.ConnectionFailed, LostAdvice) : (id, kind, advice);
        return new LibvirtException(id, kind, $"{whatFailed}: {words.TrimEnd('.', '\n', '\r')}. {advice}".TrimEnd(), code, source, words) { IsConnectionLost = isLost };
    }

    /// <summary>Makes the exception for a call that nobody waits for any longer.</summary>
    public static LibvirtException TimedOut(string whatFailed, TimeSpan limit, string advice) => new(
        "LibvirtTimeout",
        ErrorKind.Timeout,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{whatFailed}: there was no answer within {limit.TotalSeconds:0.#} seconds. {advice} The environment variable {LibvirtLimits.Variable} sets the limit."),
        0,
        0,
        "no answer");

    // What the client's own transport reports, such as "Cannot write data: Broken pipe", and not the daemon.
    private static bool IsTransportError(int source, int code) =>
        source == FromRpc && (LibvirtErrorCode)code is LibvirtErrorCode.InternalError or LibvirtErrorCode.SystemError or LibvirtErrorCode.Rpc;

    private static (string Id, ErrorKind Kind, string Advice) Explain(LibvirtErrorCode code, string words, string connection) => code switch
    {
        LibvirtErrorCode.NoDomain =>
            ("DomainNotFound", ErrorKind.NotFound, "It may have been removed or renamed."),
        LibvirtErrorCode.OperationDenied =>
            ("ReadOnlyConnection", ErrorKind.PermissionDenied, "Open the connection for writing."),
        LibvirtErrorCode.SystemError or LibvirtErrorCode.AuthFailed when ConnectionUri.IsSsh(connection) => ExplainSsh(words),
        LibvirtErrorCode.AuthFailed or LibvirtErrorCode.AuthCancelled or LibvirtErrorCode.InvalidArgument when IsAboutCredentials(words) => ("AuthenticationFailed", ErrorKind.AuthenticationFailed, CredentialAdvice),
        LibvirtErrorCode.AccessDenied or LibvirtErrorCode.AuthFailed or LibvirtErrorCode.AuthCancelled or LibvirtErrorCode.AuthUnavailable =>
            ("AccessDenied", ErrorKind.PermissionDenied, PermissionAdvice),
        _ when words.Contains("No more available PCI slots", StringComparison.Ordinal) => ("NoPciSlot", ErrorKind.Conflict, PciSlotAdvice),
        _ when words.Contains("virtiofsd died", StringComparison.Ordinal) => ("DaemonDied", ErrorKind.Failed, string.Empty),
        LibvirtErrorCode.SystemError when words.Contains("Permission denied", StringComparison.Ordinal) => ("AccessDenied", ErrorKind.PermissionDenied, PermissionAdvice),
        LibvirtErrorCode.SystemError when words.Contains("connect socket", StringComparison.Ordinal) =>
            ("ConnectionFailed", ErrorKind.ConnectionFailed, "Start libvirt's daemon (systemctl start libvirtd, or virtqemud), or correct the URI."),
        LibvirtErrorCode.NoConnect or LibvirtErrorCode.InvalidArgument when words.Contains("connection", StringComparison.OrdinalIgnoreCase) =>
            ("ConnectionFailed", ErrorKind.ConnectionFailed, "Correct the URI: qemu:///system, qemu:///session, qemu+ssh://host/system or test:///default."),
        LibvirtErrorCode.Rpc => ("ConnectionFailed", ErrorKind.ConnectionFailed, "The connection to the daemon failed or was lost; open it again."),
        LibvirtErrorCode.XmlInvalidSchema or LibvirtErrorCode.XmlDetail or LibvirtErrorCode.XmlError =>
            ("InvalidXml", ErrorKind.InvalidData, "Correct the XML; nothing was changed."),
        LibvirtErrorCode.ConfigUnsupported => ("ConfigurationRefused", ErrorKind.InvalidArgument, "Change the setting that it names; nothing was changed."),
        LibvirtErrorCode.OperationInvalid => ("OperationInvalid", ErrorKind.InvalidState, "Look at the domain's state."),
        LibvirtErrorCode.NoSupport or LibvirtErrorCode.OperationUnsupported =>
            ("NotSupported", ErrorKind.NotSupported, $"The driver of {connection} cannot do this."),
        LibvirtErrorCode.DeviceMissing => ("DeviceNotFound", ErrorKind.NotFound, "Look at the devices that are there."),
        _ => ("LibvirtError", ErrorKind.Failed, string.Empty),
    };

    /// <summary>libvirt passes on what the ssh program has written, and the program that it ran at the other end.</summary>
    private static (string Id, ErrorKind Kind, string Advice) ExplainSsh(string words)
    {
        string[] refusals = ["Permission denied (", "Host key verification failed", "HOST IDENTIFICATION HAS CHANGED", "Too many authentication failures", "host key is known"];
        string[] unreachable = ["connect to host", "Could not resolve hostname", "Connection closed by", "kex_exchange_identification"];
        return refusals.Any(refusal => words.Contains(refusal, StringComparison.Ordinal)) ? ("AuthenticationFailed", ErrorKind.AuthenticationFailed, SshAdvice)
            : unreachable.Any(failure => words.Contains(failure, StringComparison.Ordinal)) ? ("ConnectionFailed", ErrorKind.ConnectionFailed, UnreachableAdvice)
            : ("ConnectionFailed", ErrorKind.ConnectionFailed, RemoteDaemonAdvice);
    }

    // Such as "Missing authentication credentials" and "no authentication callback available".
    private static bool IsAboutCredentials(string words) =>
        words.Contains("credentials", StringComparison.Ordinal) || words.Contains("authentication callback", StringComparison.Ordinal);

    private const string OpeningAdvice =
        "Check that libvirt's daemon runs, and that you may use it: as root, or as a member of the group libvirt.";

    private const string LostAdvice =
        "The connection was lost: the daemon was stopped or restarted, or the network failed. The next call connects again; look first whether this one took effect.";

    private const string SshAdvice =
        "ssh cannot log in without asking, and nobody is asked here: load a key into ssh-agent or name one with ?keyfile=/path, and accept the host's key once by " +
        "hand. With no_tty=0 in the URI ssh may ask on the terminal.";

    private const string UnreachableAdvice =
        "ssh does not reach the host: correct its name and port in the URI, and check that it is up and runs an ssh server.";

    private const string RemoteDaemonAdvice =
        "ssh was started, but libvirt does not answer at the other end: log in there by hand, check that its daemon runs, and that the user may use it (as root, or as a " +
        "member of the group libvirt).";

    private const string CredentialAdvice =
        "The other end wants a user name or a password, and nobody is asked here: put them into libvirt's auth.conf, or name a user who needs none.";

    private const string PciSlotAdvice =
        "A running guest takes a device only into a pcie-root-port that was there when it started and is free. A change of the stored definition needs none: the " +
        "device is there from the guest's next start.";

    private const string PermissionAdvice =
        "Run this as root or as a member of the group libvirt, or use qemu:///session for machines of your own.";
}
