using VirtioFs.Fuse.Operations;
using VirtioFs.Fuse.Passthrough.OpenFiles;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Passthrough;

/// <summary>Copies inside of the host (<c>FUSE_COPY_FILE_RANGE</c>).</summary>
public sealed unsafe partial class PassthroughFileSystem
{
    // So much is copied in one call of the host's, which nothing interrupts; the guest goes on with what is left (copy_file_range(2)).
    private const ulong LongestCopy = 64 << 20;

    /// <inheritdoc/>
    public nint CopyFileRange(RequestContext request, ulong node, in CopyFileRangeIn arguments)
    {
        if (!request.MayBlock)
        {
            return FileSystemResult.WouldBlock;
        }

        int result = _open.Pin(arguments.SourceHandle, node, isDirectory: false, out OpenFilePin source);
        using (source)
        {
            if (result < 0)
            {
                return result;
            }

            result = _open.Pin(arguments.TargetHandle, arguments.TargetNodeId, isDirectory: false, out OpenFilePin target);
            using (target)
            {
                result = result < 0 ? result : DropRenamedCapability(arguments.TargetNodeId);
                if (result < 0)
                {
                    return result;
                }

                NoteOwnChange(arguments.TargetNodeId);
                using SetIdLossScope loss = LoseSetId(request, KillsUnasked(request));
                return loss.Error < 0 ? loss.Error : Files.CopyRange(
                    source.Descriptor,
                    (long)arguments.SourceOffset,
                    target.Descriptor,
                    (long)arguments.TargetOffset,
                    (nuint)Math.Min(arguments.Length, LongestCopy),
                    (uint)arguments.Flags);
            }
        }
    }
}
