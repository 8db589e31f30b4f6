namespace VirtioFs.Fuse.Locks;

/// <summary>Requests that waited for what has just been given up, by their numbers.</summary>
/// <param name="Next">Those that may get further now, the longest waiting first. None of them is in another one's way.</param>
/// <param name="Others">Those that one of them is in the way of: they are to be tried a little later, in case it gets no further.</param>
public sealed record LockRelease(IReadOnlyList<ulong> Next, IReadOnlyList<ulong> Others);
