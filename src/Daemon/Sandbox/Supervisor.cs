using System.Collections;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Wrappers;
using VirtioFs.Linux;

namespace VirtioFs.Daemon.Sandbox;

/// <summary>
/// The program outside of the sandbox: makes it, waits for it, hands signals on, and takes the socket's file away. It is told of by nobody in
/// the sandbox and answers nobody.
/// </summary>
internal sealed class Supervisor
{
    private static readonly Dictionary<PosixSignal, int> s_signals =
        new() { [PosixSignal.SIGHUP] = 1, [PosixSignal.SIGINT] = 2, [PosixSignal.SIGTERM] = 15 };

    private readonly ProgramSettings _settings;
    private readonly Lock _gate = new();
    private SandboxProcess? _process;
    private bool _isUnderWay;
    private bool _isSignalled;

    private Supervisor(ProgramSettings settings) => _settings = settings;

    /// <summary>Runs the program in its sandbox; answers the exit status.</summary>
    /// <exception cref="IOException">The sandbox cannot be made.</exception>
    internal static int Run(ProgramSettings settings, ProgramLog log)
    {
        Supervisor supervisor = new(settings);
        PosixSignalRegistration[] registrations = [.. s_signals.Keys.Select(signal => PosixSignalRegistration.Create(signal, supervisor.HandOn))];
        try
        {
            return supervisor.Serve(log);
        }
        catch (LinuxException e) when (settings.Sandbox.IsWanted && e.Errno is Errno.EPERM or Errno.EINVAL or Errno.ENOSPC or Errno.EACCES)
        {
            throw new IOException(
                $"The sandbox cannot be made. {e.Message.TrimEnd('.')}: the kernel, or a container around this program, does not allow it. Allow it, or use --sandbox none inside of a sandbox of your own.", e);
        }
        finally
        {
            Array.ForEach(registrations, registration => registration.Dispose());
        }
    }

    private int Serve(ProgramLog log)
    {
        SandboxSettings sandbox = _settings.Sandbox;
        ShareOptions options = _settings.Share;
        if (sandbox.Mode == SandboxMode.Chroot && !Environment.IsPrivilegedProcess)
        {
            throw new IOException("--sandbox chroot takes root; an ordinary user has --sandbox namespace.");
        }

        string? file = SingleFileFileSystem.Find(options.Path);
        using PidFile? pidFile = options.ListenDescriptor is null ? PidFile.Take(options.SocketPath) : null;
        using var socket = ShareSocket.Open(options);
        using AnonymousPipeServerStream ready = new(PipeDirection.In);
        using AnonymousPipeServerStream go = new(PipeDirection.Out);
        using FileDescriptor descriptors = new((int)LinuxException.Check(Files.Open("/dev/null", OpenFlags.ReadOnly), "Opening '/dev/null' failed"));
        int[] handed = [socket.Descriptor, Number(ready), Number(go)];
        using var process = SandboxProcess.Start(Plan(sandbox, handed, descriptors.Value));
        lock (_gate)
        {
            _process = process;
        }

        try
        {
            IdMaps.Write(process.Id, sandbox);
            process.Release();
            ready.DisposeLocalCopyOfClientHandle();
            go.DisposeLocalCopyOfClientHandle();
            if (ready.ReadByte() > 0)
            {
                Begin(process, go, sandbox, file ?? options.Path, file is not null);
            }
        }
        catch
        {
            process.Kill();
            _ = process.Wait();
            throw;
        }

        int status = process.Wait();
        if (status < 0 && !_isSignalled)
        {
            log.Write(LogLevel.Error, $"the program in the sandbox was ended by signal {-status}.");
        }

        return status >= 0 ? status : _isSignalled ? ExitCode.Success : ExitCode.Failure;
    }

    private void Begin(SandboxProcess process, AnonymousPipeServerStream go, SandboxSettings sandbox, string path, bool isFile)
    {
        if (sandbox.Mode == SandboxMode.Namespace)
        {
            process.ChangeRoot(path, isFile, _settings.Share.FileSystem.ReadOnly);
        }

        lock (_gate)
        {
            _isUnderWay = true;
            if (_isSignalled)
            {
                process.Kill();
                return;
            }
        }

        go.WriteByte(1);
    }

    private static SandboxPlan Plan(SandboxSettings sandbox, int[] handed, int descriptors)
    {
        bool hasRights = !sandbox.HasUsers || sandbox.MapsIds;
        ulong chroot = sandbox.Mode == SandboxMode.Chroot ? CapabilityNames.GetBit("sys_chroot") : 0;
        ulong capabilities = hasRights ? (sandbox.Capabilities | chroot) & (sandbox.HasUsers ? ulong.MaxValue : SandboxProcess.PermittedCapabilities) : 0;
        string program = Environment.ProcessPath!;
        string[] words = Environment.GetCommandLineArgs();
        IEnumerable<string> library = Path.GetFileNameWithoutExtension(program) == "dotnet" ? words.Take(1) : [];
        return new SandboxPlan
        {
            Program = program,
            Arguments = [.. library, .. words.Skip(1)],
            Environment =
            [
                .. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => $"{variable.Key}={variable.Value}"),
                SandboxEntry.Describe(handed[0], descriptors, handed[1], handed[2], capabilities),
            ],
            Descriptors = handed,
            DescriptorDirectory = descriptors,
            HasNamespaces = sandbox.Mode == SandboxMode.Namespace,
            HasUsers = sandbox.HasUsers,
            IsRoot = sandbox.MapsIds,
            Capabilities = capabilities,
        };
    }

    private void HandOn(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_gate)
        {
            _isSignalled = true;
            if (_isUnderWay)
            {
                _process!.Signal(s_signals[context.Signal]);
            }
            else
            {
                _process?.Kill();
            }
        }
    }

    private static int Number(AnonymousPipeServerStream pipe) => (int)pipe.ClientSafePipeHandle.DangerousGetHandle();
}
