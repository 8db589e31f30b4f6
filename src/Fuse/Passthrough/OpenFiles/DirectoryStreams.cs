namespace VirtioFs.Fuse.Passthrough.OpenFiles;

/// <summary>
/// The streams of a share's open directories: a few for all, so that a guest cannot make the host hold more by opening more. Those that are
/// open at once have one each as long as they are not more than there are; beyond that, some share one, and read a little slower.
/// </summary>
internal sealed class DirectoryStreams : IDisposable
{
    /// <summary>How many there are.</summary>
    internal const int Count = 64;

    private readonly DirectoryStream[] _streams = [.. Enumerable.Range(0, Count).Select(_ => new DirectoryStream())];

    /// <summary>Bytes of buffers.</summary>
    internal int BufferBytes => _streams.Count(stream => stream.HasBuffer) * DirectoryStream.BufferSize;

    /// <summary>The stream of a handle. Handles that are open at once differ first in their low bits.</summary>
    internal DirectoryStream this[ulong handle] => _streams[handle % Count];

    /// <summary>Frees what nobody is reading from.</summary>
    internal void Clear() => Array.ForEach(_streams, stream => stream.TryEnd(null));

    public void Dispose() => Array.ForEach(_streams, stream => stream.Free());
}
