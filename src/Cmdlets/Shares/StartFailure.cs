using System.Management.Automation;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Linux;

namespace VirtioFs.Cmdlets;

/// <summary>Why a share did not start, in the words of the cmdlet's parameters.</summary>
/// <param name="ErrorId">The stable first part of the FullyQualifiedErrorId.</param>
/// <param name="Category">What kind of failure it is.</param>
/// <param name="Exception">What went wrong.</param>
/// <param name="RecommendedAction">What the user can do.</param>
internal sealed record StartFailure(string ErrorId, ErrorCategory Category, Exception Exception, string RecommendedAction)
{
    /// <summary>Describes what the engine threw; null for what is no answer to the user but a mistake of ours.</summary>
    internal static StartFailure? Describe(Exception exception, ShareOptions options) => exception switch
    {
        ArgumentException refused => DescribeOption(refused),
        ShareConflictException conflict => new("ShareConflict", ErrorCategory.ResourceExists, conflict,
            $"Choose another -Tag or -Socket, or stop that share with Stop-VirtioFsShare -Id {conflict.ExistingShareId}."),
        DetachedConflictException conflict => new("ShareConflict", ErrorCategory.ResourceExists, conflict,
            $"Choose another -Tag or -Socket, or stop that share with Stop-VirtioFsShare{(conflict.ExistingShareId is { } id ? $" -Id {id}" : string.Empty)}."),
        SocketPathException taken => new("SocketPathTaken", ErrorCategory.ResourceExists, taken,
            "Choose another path with -Socket."),
        DirectoryNotFoundException neither => new("NotADirectory", ErrorCategory.InvalidArgument, neither,
            "Share a directory, or a regular file."),
        UnsafeSocketFolderException unsafeFolder => new("SocketFolderUnsafe", ErrorCategory.SecurityError, unsafeFolder,
            "Correct the folder's owner and mode, or name a socket elsewhere with -Socket."),
        JailException unconfined => new("JailIncomplete", ErrorCategory.SecurityError, unconfined,
            "Start the share with -Jail Available, to be confined by what this system allows."),
        LinuxException { Errno: Errno.EACCES or Errno.EPERM } denied => DescribeDenial(denied, options),
        UnauthorizedAccessException denied => DescribeDenial(denied, options),
        LinuxException { Errno: Errno.ENOENT } missing => new("SocketFolderNotFound", ErrorCategory.ObjectNotFound, missing,
            $"Make sure that '{options.Path}' and the socket's folder, '{Path.GetDirectoryName(options.SocketPath)}', exist."),
        IOException failed => new("ShareNotStarted", ErrorCategory.OpenError, failed,
            "Correct what the sentence names, and start the share again."),
        _ => null,
    };

    private static StartFailure DescribeOption(ArgumentException refused)
    {
        (string errorId, string action) = refused.ParamName switch
        {
            nameof(ShareOptions.Tag) => ("InvalidTag", $"Give -Tag a name of 1 to {ShareOptions.MaximumTagLength} bytes; without it the directory's name is the tag."),
            nameof(ShareOptions.SocketPath) => ("InvalidSocketPath", "Give -Socket a shorter path."),
            nameof(ShareOptions.QueueSize) => ("InvalidQueueSize", "Give -QueueSize a power of two; 1024 suits every monitor."),
            _ => ("InvalidShareOption", "Correct the parameter that the sentence names."),
        };
        return new(errorId, ErrorCategory.InvalidArgument, WithoutParameterName(refused), action);
    }

    // .NET ends the message with the name of its own parameter, which means nothing to a user of the cmdlet.
    private static PSArgumentException WithoutParameterName(ArgumentException refused)
    {
        int end = refused.Message.LastIndexOf(" (Parameter '", StringComparison.Ordinal);
        return new PSArgumentException(end < 0 ? refused.Message : refused.Message[..end], refused);
    }

    private static StartFailure DescribeDenial(Exception denied, ShareOptions options) => new("PermissionDenied", ErrorCategory.PermissionDenied, denied,
        $"Run PowerShell as a user who may read '{options.Path}' and make '{options.SocketPath}', or choose another place with -Socket.");
}
