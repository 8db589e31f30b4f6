using VirtioFs.Fuse;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>A file system with holes: GETATTR and OPEN do on the thread that serves them what the test says, and OPENDIR does not come back.</summary>
internal sealed class AttemptingFileSystem(string shared, Action attempt) : IFileSystem
{
    private readonly PassthroughFileSystem _inner = new(shared, new PassthroughOptions());

    public JailNeeds? Needs => _inner.Needs;

    internal ManualResetEventSlim Gate { get; } = new();

    internal ManualResetEventSlim IsInside { get; } = new();

    public InitFlags Initialize(InitFlags offered) => InitFlags.None;

    public void EndSession()
    {
    }

    public int GetAttributes(RequestContext request, ulong node, ulong? handle, out AttributesOut attributes)
    {
        attributes = default;
        attempt();
        return 0;
    }

    public int Open(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        open = default;
        if (!request.MayBlock)
        {
            return FileSystemResult.WouldBlock;
        }

        attempt();
        return -Errno.ENOENT;
    }

    public int OpenDirectory(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        open = default;
        IsInside.Set();
        Gate.Wait();
        return -Errno.ENOENT;
    }

    public void Dispose()
    {
        Gate.Set();
        _inner.Dispose();
    }
}
