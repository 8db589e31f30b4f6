using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wrappers;
using VirtioFs.Linux;

namespace VirtioFs.Daemon.Sandbox;

/// <summary>The program inside of the sandbox: what it got from the <see cref="Supervisor"/>, and the way in.</summary>
internal sealed class SandboxEntry
{
    /// <summary>The environment variable that names the descriptors.</summary>
    internal const string Variable = "VIRTIOFS_SANDBOX";

    private readonly int _ready;
    private readonly int _go;

    private SandboxEntry(int listener, int descriptors, int ready, int go, ulong capabilities)
    {
        (Listener, _ready, _go, Capabilities) = (listener, ready, go, capabilities);
        DescriptorDirectory.Keep(descriptors);
    }

    /// <summary>The listening socket.</summary>
    internal int Listener { get; }

    /// <summary>What the process can ever have.</summary>
    internal ulong Capabilities { get; }

    /// <summary>What the supervisor prepared; null when there is none.</summary>
    internal static SandboxEntry? Find()
    {
        string? text = Environment.GetEnvironmentVariable(Variable);
        if (text is null)
        {
            return null;
        }

        Environment.SetEnvironmentVariable(Variable, null);
        ulong[] numbers = [.. text.Split(':').Select(number => ulong.TryParse(number, CultureInfo.InvariantCulture, out ulong value) ? value : int.MaxValue)];
        return numbers.Length == 5 && numbers.Take(4).All(number => number is > 2 and < int.MaxValue)
            ? new SandboxEntry((int)numbers[0], (int)numbers[1], (int)numbers[2], (int)numbers[3], numbers[4])
            : throw new FormatException($"{Variable} is set by the program itself; unset it.");
    }

    /// <summary>What the supervisor hands on to the program that it starts.</summary>
    internal static string Describe(int listener, int descriptors, int ready, int go, ulong capabilities) =>
        string.Create(CultureInfo.InvariantCulture, $"{Variable}={listener}:{descriptors}:{ready}:{go}:{capabilities}");

    /// <summary>Goes on when the share is the root. What the program will ever need of the host's files is read before.</summary>
    /// <exception cref="IOException">The supervisor is gone.</exception>
    internal void Enter(SandboxMode mode, string path, bool isFile)
    {
        if (RuntimeFeature.IsDynamicCodeSupported)
        {
            LoadAll(typeof(SandboxEntry).Assembly, []);
        }

        _ = TimeZoneInfo.Local;
        using (SafeFileHandle ready = new(_ready, ownsHandle: true))
        {
            using FileStream stream = new(ready, FileAccess.Write, 0);
            stream.WriteByte(1);
        }

        using SafeFileHandle go = new(_go, ownsHandle: true);
        using FileStream answer = new(go, FileAccess.Read, 0);
        if (answer.ReadByte() < 0)
        {
            throw new IOException("The program outside of the sandbox is gone.");
        }

        if (mode == SandboxMode.Chroot)
        {
            SandboxProcess.EnterRoot(isFile ? Path.GetDirectoryName(path)! : path);
        }
    }

    /// <summary>The share, as it lies in the sandbox.</summary>
    internal static IFileSystem OpenShare(SandboxMode mode, string path, bool isFile, PassthroughOptions options)
    {
        string root = mode == SandboxMode.None ? path : "/";
        if (!isFile)
        {
            return SharedFileSystem.Open(root, options);
        }

        SingleFileFileSystem file = new(mode == SandboxMode.None ? path : $"/{Path.GetFileName(path)}", options);
        return options.ReadOnly ? new ReadOnlyFileSystem(file) : file;
    }

    // A program that is compiled ahead as a whole has nothing to load.
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where assemblies are trimmed, those that are left are all that is ever loaded.")]
    private static void LoadAll(Assembly assembly, HashSet<string> seen)
    {
        foreach (AssemblyName name in assembly.GetReferencedAssemblies().Where(name => seen.Add(name.FullName)))
        {
            LoadAll(Assembly.Load(name), seen);
        }
    }
}
