using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml.Files;

/// <summary>Error numbers as the base class library's exceptions.</summary>
internal static class FileError
{
    private const int ReadOnlyFileSystem = 30;

    /// <summary>Throws unless the error number is 0.</summary>
    /// <param name="error">The error number.</param>
    /// <param name="whatFails">The beginning of the sentence, without a full stop.</param>
    public static void Require(int error, string whatFails)
    {
        if (error != 0)
        {
            throw Of(error, whatFails);
        }
    }

    /// <summary>The exception for an error number.</summary>
    public static Exception Of(int error, string whatFails)
    {
        string message = $"{whatFails}: {Marshal.GetPInvokeErrorMessage(error)}.";
        return error switch
        {
            FileCalls.NoEntry => new FileNotFoundException(message),
            FileCalls.NotPermitted or FileCalls.NoAccess or ReadOnlyFileSystem => new UnauthorizedAccessException(message),
            _ => new IOException(message),
        };
    }
}
