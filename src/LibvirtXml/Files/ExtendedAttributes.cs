using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace VirtioFs.LibvirtXml.Files;

/// <summary>
/// Extended attributes, and with them access control lists and security labels, of a file that is open in any way: O_PATH
/// handles take no attribute calls, so all go by <c>/proc/self/fd</c>.
/// </summary>
internal static unsafe partial class ExtendedAttributes
{
    private const string AccessList = "system.posix_acl_access";

    /// <summary>The longest list and the longest value (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).</summary>
    private const int MaximumSize = 65536;

    /// <summary>Attributes that vouch for the content, which the kernel makes anew, or that give a program rights.</summary>
    private static readonly string[] BoundToContent = ["security.ima", "security.evm", "security.capability"];

    /// <summary>Gives a file the attributes of another.</summary>
    /// <param name="from">The other file.</param>
    /// <param name="to">The file.</param>
    /// <param name="withAccessList">Whether access control lists are among them.</param>
    /// <exception cref="IOException">An attribute cannot be copied.</exception>
    /// <exception cref="UnauthorizedAccessException">An attribute may not be set.</exception>
    public static void Copy(SafeFileHandle from, SafeFileHandle to, bool withAccessList)
    {
        string[] names = [.. Names(from).Where(name => !BoundToContent.Contains(name) && (withAccessList || !name.StartsWith("system.", StringComparison.Ordinal)))];
        foreach (string name in names)
        {
            byte[]? value = Get(from, name);
            if (value is not null && !value.AsSpan().SequenceEqual(Get(to, name)))
            {
                FileError.Require(Set(to, name, value), $"The attribute '{name}' cannot be kept when the file is replaced");
            }
        }

        if (!names.Contains(AccessList))
        {
            RemoveAccessList(to);
        }
    }

    /// <summary>Removes the access control list that a new file inherits from its folder.</summary>
    public static void RemoveAccessList(SafeFileHandle file)
    {
        int error = removexattr(PathOf(file), AccessList) < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (error is not (0 or FileCalls.NoData or FileCalls.NotSupported))
        {
            throw FileError.Of(error, "The access list of a new file cannot be removed");
        }
    }

    /// <summary>How a handle's file is reached by a path.</summary>
    public static string PathOf(SafeFileHandle file) => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}");

    private static string[] Names(SafeFileHandle file)
    {
        byte[] list = new byte[MaximumSize];
        nint length;
        fixed (byte* buffer = list)
        {
            length = listxattr(PathOf(file), buffer, MaximumSize);
        }

        if (length >= 0)
        {
            // Latin-1 keeps each byte of a name.
            return Encoding.Latin1.GetString(list, 0, (int)length).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }

        int error = Marshal.GetLastPInvokeError();
        return error == FileCalls.NotSupported ? [] : throw FileError.Of(error, "The attributes of the file cannot be listed");
    }

    private static byte[]? Get(SafeFileHandle file, string name)
    {
        byte[] value = new byte[MaximumSize];
        nint length;
        fixed (byte* buffer = value)
        fixed (byte* text = Terminated(name))
        {
            length = getxattr(PathOf(file), text, buffer, MaximumSize);
        }

        if (length >= 0)
        {
            return value[..(int)length];
        }

        int error = Marshal.GetLastPInvokeError();
        return error is FileCalls.NoData or FileCalls.NotSupported ? null : throw FileError.Of(error, $"The attribute '{name}' of the file cannot be read");
    }

    private static int Set(SafeFileHandle file, string name, byte[] value)
    {
        fixed (byte* buffer = value)
        fixed (byte* text = Terminated(name))
        {
            return setxattr(PathOf(file), text, buffer, (nuint)value.Length, 0) < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
    }

    private static byte[] Terminated(string name) => Encoding.Latin1.GetBytes(name + '\0');

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint listxattr(string path, byte* list, nuint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint getxattr(string path, byte* name, byte* value, nuint size);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setxattr(string path, byte* name, byte* value, nuint size, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int removexattr(string path, string name);
}
