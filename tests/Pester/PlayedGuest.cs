using System;
using System.Text;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFsTest
{
    /// <summary>A guest of tests/Frontend in words that PowerShell can say.</summary>
    public sealed class PlayedGuest : IDisposable
    {
        private readonly VirtioFsGuest _guest;

        public PlayedGuest(string socket) => _guest = VirtioFsGuest.ConnectAndMount(socket);

        /// <summary>The node of the file that was made last.</summary>
        public ulong Node { get; private set; }

        /// <summary>The error number of what was asked last; 0 for none.</summary>
        public int Error { get; private set; }

        /// <summary>Makes a file in the root, and opens it for reading and writing. Answers the handle.</summary>
        public ulong Create(string name)
        {
            Error = _guest.Fuse.Create(1, name, 2, 0x81a4, out FuseCreateOut created);
            Node = created.Entry.NodeId;
            return created.Open.Handle;
        }

        public ulong OpenAgain()
        {
            Error = _guest.Fuse.Open(Node, 2, out FuseOpenOut open);
            return open.Handle;
        }

        public int Write(ulong handle, string text) => _guest.Fuse.Write(Node, handle, 0, Encoding.UTF8.GetBytes(text));

        public int Read(ulong handle, int size) => _guest.Fuse.Read(Node, handle, 0, size);

        public int Release(ulong handle) => _guest.Fuse.Release(Node, handle);

        public int Look(string name) => _guest.Fuse.Lookup(1, name, out FuseEntryOut _);

        /// <summary>Takes a lock of the whole file for writing, as a process of the guest.</summary>
        public int Lock(ulong handle, ulong owner, uint process) => _guest.Fuse.Setlk(Node, Wanted(handle, owner, process));

        /// <summary>Begins to wait for such a lock.</summary>
        public void AwaitLock(ulong handle, ulong owner, uint process)
        {
            FuseRequest request = _guest.Fuse.CreateRequest();
            _guest.Fuse.Submit(request.Begin(FuseOpcode.Setlkw, Node).Append(Wanted(handle, owner, process)));
            _guest.Fuse.Kick();
        }

        public void Dispose() => _guest.Dispose();

        private static FuseLockIn Wanted(ulong handle, ulong owner, uint process) => new FuseLockIn
        {
            Handle = handle,
            Owner = owner,
            Lock = new FuseFileLock { Start = 0, End = long.MaxValue, Type = 1, ProcessId = process },
        };
    }
}
