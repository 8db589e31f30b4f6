using System.Diagnostics;
using Mono.Unix.Native;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Sharing;

/// <summary>A directory of the host that a guest has mounted, seen from both sides.</summary>
internal sealed class SharedTree : IDisposable
{
    /// <summary>The root's node id (<c>FUSE_ROOT_ID</c>).</summary>
    public const ulong Root = 1;

    private readonly string _home = Directory.CreateTempSubdirectory("virtiofs-share-").FullName;
    private readonly ServingBackEnd _backEnd;

    public SharedTree(GuestOptions? options = null, bool mount = true)
    {
        HostRoot = Directory.CreateDirectory(Path.Combine(_home, "tree")).FullName;
        Syscall.chmod(HostRoot, NativeConvert.FromOctalPermissionString("0777"));
        _backEnd = new ServingBackEnd(HostRoot, _home);
        try
        {
            Guest = mount ? VirtioFsGuest.ConnectAndMount(_backEnd.Socket, options) : VirtioFsGuest.Connect(_backEnd.Socket, options);
        }
        catch
        {
            _backEnd.Dispose();
            throw;
        }
    }

    /// <summary>The directory on the host.</summary>
    public string HostRoot { get; }

    /// <summary>What shares it.</summary>
    public ServingBackEnd BackEnd => _backEnd;

    /// <summary>The guest.</summary>
    public VirtioFsGuest Guest { get; }

    /// <summary>The guest's first request queue.</summary>
    public FuseClient Fuse => Guest.Fuse;

    /// <summary>A path of the host inside of the shared directory.</summary>
    public string Host(string path) => Path.Combine(HostRoot, path);

    /// <summary>Writes a file on the host.</summary>
    public string WriteOnHost(string path, string content = "")
    {
        File.WriteAllText(Host(path), content);
        return Host(path);
    }

    /// <summary>The host's status of a name, without following a link.</summary>
    public Stat StatOnHost(string path) => HostFile.Status(Host(path));

    /// <summary>Looks a path up from the root, component by component.</summary>
    public FuseEntryOut Find(string path)
    {
        FuseEntryOut entry = new() { NodeId = Root };
        foreach (string component in path.Split('/'))
        {
            Assert.Equal(0, Fuse.Lookup(entry.NodeId, component, out entry));
        }

        return entry;
    }

    /// <summary>Opens a file of the tree.</summary>
    public (ulong Node, ulong Handle) Open(string path, OpenFlags flags = OpenFlags.O_RDWR)
    {
        ulong node = Find(path).NodeId;
        Assert.Equal(0, Fuse.Open(node, HostFile.Raw(flags), out FuseOpenOut open));
        return (node, open.Handle);
    }

    public void Dispose()
    {
        Guest.Dispose();
        _backEnd.Dispose();

        // Not Directory.Delete: a guest may have made names that are no UTF-8.
        using Process removal = Process.Start("rm", ["-rf", "--", _home]);
        removal.WaitForExit();
    }
}
