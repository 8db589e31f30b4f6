namespace VirtioFs.LibvirtXml;

/// <summary>Replaces a file in one step: readers see the old content or the new one, and a failure leaves the old one.</summary>
internal static class AtomicFile
{
    public static void Write(string path, byte[] content, UnixFileMode? mode = null)
    {
        string target = RealPath.Of(path) ?? path;
        string temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}");
        bool exists = File.Exists(target);
        try
        {
            FileStreamOptions options = new()
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            using (FileStream stream = new(temporary, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            if (exists)
            {
                CopyOwner(target, temporary);
            }

            File.SetUnixFileMode(temporary, mode ?? (exists ? File.GetUnixFileMode(target) : DefaultMode));
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static UnixFileMode DefaultMode =>
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private static void CopyOwner(string model, string target)
    {
        FileOwner owner = FileOwner.Of(model);
        if (owner != FileOwner.Of(target) && !owner.TryApply(target))
        {
            throw new UnauthorizedAccessException(
                $"The file '{model}' belongs to user {owner.UserId} and group {owner.GroupId}, and replacing it would change that. Run this as root, or as " +
                "that user.");
        }
    }
}
