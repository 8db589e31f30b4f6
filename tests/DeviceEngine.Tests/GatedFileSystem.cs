using System.Collections.Concurrent;
using VirtioFs.Fuse;
using VirtioFs.Fuse.Locks;
using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Attributes;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>A file system whose GETATTR is quick, whose OPEN blocks until a gate opens, and whose OPENDIR waits for a lock.</summary>
internal sealed class GatedFileSystem : IFileSystem
{
    private int _inside;
    private int _refusals;

    public event Action<LockRelease>? WaitersMayProceed;

    internal ManualResetEventSlim BlockingGate { get; } = new();

    /// <summary>When set, OPEN does not say that it would block: the host's disk has died.</summary>
    internal bool IsDead { get; set; }

    /// <summary>When set, OPEN says so only when the disk has come back.</summary>
    internal bool IsDeadFirst { get; set; }

    /// <summary>When set, OPEN throws when the disk has come back.</summary>
    internal bool ThrowsAtLast { get; set; }

    /// <summary>Threads that wait at the gate.</summary>
    internal int Inside => Volatile.Read(ref _inside);

    /// <summary>How often OPENDIR was told to wait.</summary>
    internal int Refusals => Volatile.Read(ref _refusals);

    /// <summary>Whether somebody else has what OPENDIR waits for.</summary>
    internal bool IsLocked { get; set; } = true;

    /// <summary>Whether it says when that is given up, so that nobody needs to look now and then.</summary>
    internal bool TellsRelease { get; set; }

    /// <summary>What was written last.</summary>
    internal byte[] Written { get; private set; } = [];

    internal bool IsDisposed { get; private set; }

    /// <summary>The numbers of the requests that wait, as a file system keeps them that looks for circles.</summary>
    internal ConcurrentDictionary<ulong, ulong> Waiting { get; } = [];

    public InitFlags Initialize(InitFlags offered) => InitFlags.None;

    public void EndSession()
    {
    }

    public int GetAttributes(RequestContext request, ulong node, ulong? handle, out AttributesOut attributes)
    {
        attributes = default;
        return 0;
    }

    public int Open(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        const ulong Slow = 3;
        open = default;
        if (node == Slow)
        {
            return request.MayBlock ? -Errno.ENOENT : FileSystemResult.WouldBlock;
        }

        if (IsDeadFirst && !request.MayBlock)
        {
            _ = Pass();
            return FileSystemResult.WouldBlock;
        }

        return request.MayBlock || IsDead ? Pass() : FileSystemResult.WouldBlock;
    }

    public int OpenDirectory(RequestContext request, ulong node, in OpenIn arguments, out OpenOut open)
    {
        open = default;
        if (!IsLocked)
        {
            Abandon(request.Unique);
            return -Errno.ENOENT;
        }

        Waiting[request.Unique] = node;
        _ = Interlocked.Increment(ref _refusals);
        return TellsRelease ? FileSystemResult.WouldWaitForRelease : FileSystemResult.WouldWait;
    }

    /// <summary>Reads what it is given to write only when the disk has come back.</summary>
    public unsafe nint Write(RequestContext request, ulong node, in WriteIn arguments, ReadOnlySpan<IoVec> source)
    {
        _ = Pass();
        List<byte> written = [];
        foreach (IoVec piece in source)
        {
            written.AddRange(new ReadOnlySpan<byte>((void*)piece.Address, (int)piece.Length));
        }

        Written = [.. written];
        return written.Count;
    }

    /// <summary>Closes a file only when the disk has come back.</summary>
    public bool TryClose(ulong handle)
    {
        _ = Pass();
        return true;
    }

    public void Abandon(ulong unique) => Waiting.TryRemove(unique, out _);

    public int Access(RequestContext request, ulong node, uint mask) => throw new InvalidOperationException("A fault of the file system.");

    public void Dispose()
    {
        IsDisposed = true;
        BlockingGate.Set();
    }

    internal void Unlock(bool tell)
    {
        IsLocked = false;
        if (tell)
        {
            WaitersMayProceed?.Invoke(new LockRelease([.. Waiting.Keys], []));
        }
    }

    /// <summary>Says that what some wait for was given up, though it is still locked.</summary>
    internal void Tell(LockRelease release) => WaitersMayProceed?.Invoke(release);

    private int Pass()
    {
        _ = Interlocked.Increment(ref _inside);
        BlockingGate.Wait();
        _ = Interlocked.Decrement(ref _inside);
        return ThrowsAtLast ? throw new InvalidOperationException("A fault of the file system.") : -Errno.ENOENT;
    }
}
