namespace VirtioFs.Fuse.Inspection;

/// <summary>Those who look on while a file system is there, any number at once. Its end waits for them, and they for nobody.</summary>
internal sealed class Onlookers
{
    private readonly object _gate = new();
    private int _present;
    private bool _isEnding;

    /// <summary>Enters, unless the end has begun: see <see cref="Visit.IsAdmitted"/>.</summary>
    internal Visit Enter()
    {
        lock (_gate)
        {
            _present += _isEnding ? 0 : 1;
            return new Visit(_isEnding ? null : this);
        }
    }

    /// <summary>Lets nobody in any more, and waits until all have left.</summary>
    internal void End()
    {
        lock (_gate)
        {
            _isEnding = true;
            while (_present > 0)
            {
                _ = Monitor.Wait(_gate);
            }
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            _present--;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>One who looks on; leaves when it is disposed.</summary>
    internal readonly ref struct Visit(Onlookers? onlookers)
    {
        /// <summary>Whether the file system is there, and stays until this is disposed.</summary>
        internal bool IsAdmitted => onlookers is not null;

        public void Dispose() => onlookers?.Leave();
    }
}
