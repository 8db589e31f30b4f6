using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace VirtioFs.LibvirtXml.Files;

/// <summary>
/// The file that is to be replaced. While it is held nobody else replaces it by this library, as far as its permission lets it be
/// opened for writing: a lock that needs less could be held for ever by anybody who may read.
/// </summary>
internal sealed class PresentFile : IDisposable
{
    private static readonly TimeSpan LockLimit = TimeSpan.FromSeconds(10);

    private readonly SafeFileHandle? _locked;

    private PresentFile(SafeFileHandle reference, SafeFileHandle? locked)
    {
        Reference = reference;
        _locked = locked;
        Status = FileStatus.Of(reference);
    }

    /// <summary>An O_PATH reference to the file.</summary>
    public SafeFileHandle Reference { get; }

    public FileStatus Status { get; }

    /// <summary>Takes hold of the file at a place.</summary>
    /// <param name="place">The place.</param>
    /// <param name="cancellationToken">Ends the wait for another process.</param>
    /// <returns>The file; null when there is none.</returns>
    /// <exception cref="IOException">It is no regular file, or another process has been replacing it for too long.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static PresentFile? Find(FilePlace place, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            PresentFile? file = Open(place);
            if (file is null || (file.HasLock() && FileStatus.Find(place.Folder, place.Name)?.Stamp.IsSameFile(file.Status.Stamp) == true))
            {
                return file;
            }

            file.Dispose();
            if (Stopwatch.GetElapsedTime(start) > LockLimit)
            {
                throw new IOException($"The file '{place.Path}' is being changed by another process, and has been for {LockLimit.TotalSeconds} seconds. Try again later.");
            }

            Thread.Sleep(5);
        }
    }

    public void Dispose()
    {
        _locked?.Dispose();
        Reference.Dispose();
    }

    private bool HasLock() => _locked is null || FileCalls.TryLock(_locked) is var error && error is not (FileCalls.TryAgain or FileCalls.NoAccess);

    private static PresentFile? Open(FilePlace place)
    {
        SafeFileHandle? reference = FileCalls.Open(place.Folder, place.Name, FileCalls.OpenPath | FileCalls.OpenNoFollow, 0, out int error);
        if (reference is null)
        {
            return error == FileCalls.NoEntry ? null : throw FileError.Of(error, $"The file '{place.Path}' cannot be opened");
        }

        if (!FileStatus.Of(reference).IsRegular)
        {
            reference.Dispose();
            throw new IOException($"'{place.Path}' is not a regular file, so it is not replaced. Name another file.");
        }

        SafeFileHandle? locked = FileCalls.Open(null, ExtendedAttributes.PathOf(reference), FileCalls.OpenReadWrite | FileCalls.OpenNonBlocking, 0, out _);
        return new PresentFile(reference, locked);
    }
}
