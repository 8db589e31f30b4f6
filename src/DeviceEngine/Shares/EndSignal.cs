using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Shares;

/// <summary>Wakes a share's control thread for good: whatever it waits for, it waits for this as well.</summary>
internal sealed class EndSignal : IDisposable
{
    private readonly Lock _gate = new();
    private readonly FileDescriptor _descriptor = new((int)LinuxException.Check(EventFd.Create(), "Making an event descriptor failed"));

    /// <summary>Becomes readable with the signal. The control thread alone may wait for it, and it disposes of this last of all.</summary>
    internal int Descriptor => _descriptor.Value;

    /// <summary>Gives the signal. Once the control thread has ended nothing is left to do.</summary>
    internal void Give()
    {
        lock (_gate)
        {
            if (!_descriptor.IsClosed)
            {
                _ = EventFd.Signal(_descriptor.Value);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _descriptor.Dispose();
        }
    }
}
