using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml;

/// <summary>A path without symbolic links.</summary>
internal static unsafe partial class RealPath
{
    /// <summary>Resolves every link on the way.</summary>
    /// <param name="path">The path.</param>
    /// <returns>The absolute path; null when something on the way is not there.</returns>
    public static string? Of(string path)
    {
        byte* resolved = Resolve(path, null);
        if (resolved is null)
        {
            return null;
        }

        string? text = Marshal.PtrToStringUTF8((nint)resolved);
        NativeMemory.Free(resolved);
        return text;
    }

    [LibraryImport("libc", EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial byte* Resolve(string path, byte* buffer);
}
