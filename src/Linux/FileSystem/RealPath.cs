using System.Runtime.InteropServices;

namespace VirtioFs.Linux;

/// <summary>A path without symbolic links.</summary>
public static unsafe class RealPath
{
    /// <summary>Resolves every link on the way.</summary>
    /// <param name="path">The path.</param>
    /// <returns>The absolute path; null when something on the way is not there.</returns>
    public static string? Of(string path)
    {
        byte* resolved = LibC.realpath(path, null);
        if (resolved is null)
        {
            return null;
        }

        string? text = Marshal.PtrToStringUTF8((nint)resolved);
        NativeMemory.Free(resolved);
        return text;
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial byte* realpath(string path, byte* buffer);
}
