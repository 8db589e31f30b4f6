using VirtioFs.DeviceEngine.Device;
using VirtioFs.DeviceEngine.Queues;
using VirtioFs.DeviceEngine.Threads;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Server;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>
/// What answers a share's requests: the file server, the threads that serve its rings, and those for requests that block. When requests of a
/// session hang in the host, it is left behind with them, and the next front end gets another one, with which it has neither inodes nor
/// handles, locks or threads in common.
/// </summary>
internal sealed class FileService
{
    private const int StackSize = 256 * 1024;
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(400);

    private readonly int _id;
    private readonly Action<string> _fail;
    private volatile bool _isLeftBehind;
    private Thread? _resetting;
    private Thread? _ending;

    internal FileService(IFileSystem fileSystem, ThreadJail? jail, int id, int blockingThreads, Action<string> fail)
    {
        (_id, _fail) = (id, fail);
        Server = new FuseServer(fileSystem, jail);
        Threads = new ServingThreads(Server, Fail, $"vfs{id}-standin");
        Deferred = new DeferredRequests(Server, Fail, $"vfs{id}-block", blockingThreads);
    }

    internal FuseServer Server { get; }

    internal ServingThreads Threads { get; }

    internal DeferredRequests Deferred { get; }

    /// <summary>Ends the session of FUSE. False when that takes longer: closing a file may hang as well. Then call again.</summary>
    internal bool TryReset(TimeSpan patience)
    {
        if (_resetting is null)
        {
            _resetting = new Thread(() => Guard(Server.Reset), StackSize) { IsBackground = true, Name = $"vfs{_id}-reset" };
            ThreadStarter.Start(_resetting);
        }

        if (!_resetting.Join(patience))
        {
            return false;
        }

        _resetting = null;
        return true;
    }

    /// <summary>Goes on to end by itself, when what hangs comes back.</summary>
    /// <param name="device">The device whose requests hang.</param>
    /// <param name="ended">Called at the end.</param>
    internal void LeaveBehind(VirtioFsDevice device, Action<FileService> ended)
    {
        // What does not hang is given back at once, such as locks that the next session would wait for.
        _isLeftBehind = true;
        _ = TryReset(s_step);
        _ending = new Thread(
            () =>
            {
                Guard(() =>
                {
                    while (!device.TryClose(s_step))
                    {
                    }

                    Close();
                });
                ended(this);
            },
            StackSize) { IsBackground = true, Name = $"vfs{_id}-left" };
        ThreadStarter.Start(_ending);
        Threads.BeginClose();
        Deferred.BeginClose();
    }

    /// <summary>Waits for the end of one that was left behind.</summary>
    internal void AwaitEnd() => _ending?.Join();

    /// <summary>Waits for all requests, and lets go of everything.</summary>
    internal void Close()
    {
        Threads.BeginClose();
        Deferred.BeginClose();
        while (!Threads.TryClose(s_step) || !Deferred.TryClose(s_step))
        {
        }

        _resetting?.Join();
        Server.Dispose();
    }

    private void Guard(Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // The last resort of a thread: a fault ends the share, never the process.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            Fail($"Letting go of what a session held failed: {fault.Message}");
        }
    }

    private void Fail(string reason)
    {
        if (!_isLeftBehind)
        {
            _fail(reason);
        }
    }
}
