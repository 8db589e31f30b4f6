using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Descriptors;

/// <summary>
/// A descriptor by which the front end is told something: an event counter, the writing end of a pipe, or a socket of a pair, as
/// User-Mode Linux gives for calls (<c>arch/um/os-Linux/file.c os_pipe</c>). Who sends holds it, and no lock; the last one that lets go closes it.
/// </summary>
/// <remarks>
/// The front end shares the counter's open description. It can take <c>O_NONBLOCK</c> from it and fill the counter, and no call adds to
/// a counter without waiting then. So a sender may get stuck; who waits for one calls <see cref="Release"/>, which makes room.
/// </remarks>
internal sealed class FrontEndSignal
{
    private readonly int _descriptor;
    private readonly DescriptorKind _kind;
    private int _users = 1;
    private volatile bool _isGivenUp;

    private FrontEndSignal(int descriptor, DescriptorKind kind) => (_descriptor, _kind) = (descriptor, kind);

    /// <summary>True when a sender got stuck, after which nothing is sent any more.</summary>
    internal bool WasStuck { get; private set; }

    /// <summary>Takes over a descriptor that the front end gave. Null, or what is wrong, as the end of a sentence.</summary>
    internal static string? TryAdopt(ref int descriptor, out FrontEndSignal? signal)
    {
        string? fault = FrontEndDescriptor.TryPrepare(ref descriptor, forWriting: true, out DescriptorKind kind);
        signal = fault is null ? new FrontEndSignal(descriptor, kind) : null;
        return fault;
    }

    /// <summary>Becomes one more user of a signal that the caller knows to have one.</summary>
    internal FrontEndSignal Hold()
    {
        _ = Interlocked.Increment(ref _users);
        return this;
    }

    /// <summary>Is no longer a user.</summary>
    internal void LetGo()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            DescriptorDisposal.Close(_descriptor);
        }
    }

    /// <summary>Tells the front end. The caller holds the signal, and no lock.</summary>
    internal void Send()
    {
        if (_isGivenUp)
        {
            return;
        }

        _ = _kind == DescriptorKind.UnixSocket ? UnixSocket.Signal(_descriptor) : EventFd.Signal(_descriptor);
    }

    /// <summary>
    /// Gets a sender out that is stuck, most likely: it is one of those who wait for room, and another one may come first. Call again where
    /// it did.
    /// </summary>
    internal void Release()
    {
        const int Rounds = 64;
        for (int round = 0; round < Rounds && _kind == DescriptorKind.EventCounter && Volatile.Read(ref _users) > 1 && !EventFd.HasRoom(_descriptor); round++)
        {
            WasStuck = true;
            _isGivenUp = true;
            _ = SocketOptions.SetNonBlocking(_descriptor);
            _ = EventFd.Drain(_descriptor);
            Thread.Sleep(0);
        }
    }

    /// <summary>Is no longer a user, and waits until nobody is.</summary>
    internal void End()
    {
        _isGivenUp = true;
        while (Volatile.Read(ref _users) > 1)
        {
            Release();
            Thread.Sleep(0);
        }

        LetGo();
    }
}
