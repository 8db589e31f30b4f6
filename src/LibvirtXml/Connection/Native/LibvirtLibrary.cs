using System.Reflection;
using System.Runtime.InteropServices;

namespace VirtioFs.LibvirtXml.Connection.Native;

/// <summary>libvirt's client library, loaded when it is needed for the first time.</summary>
public static unsafe class LibvirtLibrary
{
    private static readonly Lock Gate = new();
    private static nint _library;
    private static bool _isInitialized;

    static LibvirtLibrary()
    {
        NativeLibrary.SetDllImportResolver(typeof(LibvirtLibrary).Assembly, Resolve);
    }

    /// <summary>Loads the library.</summary>
    /// <param name="path">Its name for the dynamic linker, or its path. The first successful call decides for the whole process.</param>
    /// <exception cref="LibvirtUnavailableException">The library is not there, or does not start.</exception>
    public static void Load(string path = LibvirtNative.Library)
    {
        lock (Gate)
        {
            if (_isInitialized && path == LibvirtNative.Library)
            {
                return;
            }

            if (!NativeLibrary.TryLoad(path, typeof(LibvirtLibrary).Assembly, DllImportSearchPath.SafeDirectories, out nint library))
            {
                throw new LibvirtUnavailableException(
                    $"The libvirt library '{path}' cannot be loaded, so domains cannot be reached through libvirt. Install it (package libvirt0 on Debian and " +
                    "Ubuntu, libvirt-libs on Fedora and RHEL), or work with the domain's XML, which needs no libvirt.");
            }

            _library = _library == 0 ? library : _library;
            Initialize(path);
        }
    }

    /// <summary>The version of the library, such as 9.0.0.</summary>
    /// <returns>The version.</returns>
    /// <exception cref="LibvirtUnavailableException">The library is not there, or does not start.</exception>
    public static Version GetVersion()
    {
        Load();
        _ = LibvirtNative.GetVersion(out CULong version, 0, 0);
        return ToVersion(version);
    }

    /// <summary>libvirt writes a version as major * 1,000,000 + minor * 1,000 + release.</summary>
    internal static Version ToVersion(CULong version)
    {
        int number = (int)version.Value;
        return new Version(number / 1_000_000, number / 1000 % 1000, number % 1000);
    }

    private static void Initialize(string path)
    {
        if (_isInitialized)
        {
            return;
        }

        try
        {
            if (LibvirtNative.Initialize() < 0)
            {
                throw new LibvirtUnavailableException($"The libvirt library '{path}' was loaded but does not start. Check that it is installed completely.");
            }

            LibvirtNative.SetErrorFunction(0, &LibvirtNative.IgnoreError);
            LibvirtEventLoop.Start();
            _isInitialized = true;
        }
        catch (EntryPointNotFoundException exception)
        {
            _library = 0;
            throw new LibvirtUnavailableException($"The library '{path}' is not libvirt's: {exception.Message} Name the right one.", exception);
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) =>
        name == LibvirtNative.Library ? _library : 0;
}
