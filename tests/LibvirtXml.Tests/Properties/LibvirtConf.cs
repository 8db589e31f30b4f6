using System.Runtime.InteropServices;
using System.Text;

namespace VirtioFs.LibvirtXml.Tests;

/// <summary>libvirt's own reader of its configuration files, which its library has without promising it.</summary>
internal static unsafe partial class LibvirtConf
{
    /// <summary>Skips the test where the library does not have it.</summary>
    public static void Require()
    {
        bool isThere = NativeLibrary.TryLoad("libvirt.so.0", out nint library) && NativeLibrary.TryGetExport(library, "virConfReadString", out _);
        Assert.SkipUnless(isThere, "libvirt is not installed (package libvirt0), or has its parser hidden.");
        _ = virInitialize();
        virSetErrorFunc(null, &Ignore);
    }

    /// <summary>Reads a setting as a list of strings, one string included; null when it is not set.</summary>
    /// <returns>Whether libvirt takes the whole text, and the strings.</returns>
    public static (bool IsAccepted, string[]? Strings) Read(string text, string name, bool mayBeList)
    {
        fixed (byte* bytes = Terminated(text))
        fixed (byte* key = Terminated(name))
        {
            nint conf = virConfReadString(bytes, 0);
            if (conf == 0)
            {
                return (false, null);
            }

            byte** list = null;
            byte* single = null;
            int found = mayBeList ? virConfGetValueStringList(conf, key, 1, &list) : virConfGetValueString(conf, key, &single);
            string[] strings = found <= 0 ? [] : mayBeList ? Strings(list) : [Marshal.PtrToStringUTF8((nint)single)!];
            _ = virConfFree(conf);
            return (found >= 0, found == 1 ? strings : null);
        }
    }

    private static string[] Strings(byte** list)
    {
        List<string> strings = [];
        for (byte** next = list; *next is not null; next++)
        {
            strings.Add(Marshal.PtrToStringUTF8((nint)(*next))!);
        }

        return [.. strings];
    }

    private static byte[] Terminated(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    [UnmanagedCallersOnly]
    private static void Ignore(void* data, void* error)
    {
    }

    [LibraryImport("libvirt.so.0")]
    private static partial int virInitialize();

    [LibraryImport("libvirt.so.0")]
    private static partial void virSetErrorFunc(void* data, delegate* unmanaged<void*, void*, void> handler);

    [LibraryImport("libvirt.so.0")]
    private static partial nint virConfReadString(byte* text, uint flags);

    [LibraryImport("libvirt.so.0")]
    private static partial int virConfFree(nint conf);

    [LibraryImport("libvirt.so.0")]
    private static partial int virConfGetValueString(nint conf, byte* name, byte** value);

    [LibraryImport("libvirt.so.0")]
    private static partial int virConfGetValueStringList(nint conf, byte* name, byte oneIsEnough, byte*** values);
}
