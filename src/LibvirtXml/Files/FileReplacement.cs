using Microsoft.Win32.SafeHandles;

namespace VirtioFs.LibvirtXml.Files;

/// <summary>
/// The one way in which files are written here. Readers see the old content or the new one, and a failure leaves the old one. What
/// belongs to the file and not to its content stays: owner, permission, access list, extended attributes, security label.
/// </summary>
internal static class FileReplacement
{
    private const uint OwnerOnly = 0x180, Everybody = 0x1B6;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Reading = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file's absolute path.</param>
    /// <param name="content">The new content.</param>
    /// <param name="rights">Who may do what with it.</param>
    /// <param name="mayReplace">Whether a file that is there may be replaced.</param>
    /// <param name="expected">The file that was read, which nobody may have changed since; null when it was not read.</param>
    /// <param name="cancellationToken">Ends the wait for another process that is replacing the file; what is begun then is done.</param>
    /// <returns>The file as it is now, and what to know about it.</returns>
    /// <exception cref="DomainRuleException">A file is there that must not be replaced, or that was changed since it was read.</exception>
    /// <exception cref="IOException">The file cannot be written; an old one is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to write, or to keep what belongs to the old file.</exception>
    public static WrittenFile Write(
        string path,
        ReadOnlySpan<byte> content,
        FileRights rights = FileRights.Kept,
        bool mayReplace = true,
        FileStamp? expected = null,
        CancellationToken cancellationToken = default)
    {
        using FilePlace place = FilePlace.Of(path);
        using PresentFile? present = PresentFile.Find(place, cancellationToken);
        if (present is not null && !mayReplace)
        {
            throw Exists(path);
        }

        RequireUnchanged(path, present, expected);
        FileStamp stamp = Put(place, content, present, rights, replaces: present is not null);
        return new WrittenFile(stamp, present is { Status.LinkCount: > 1 } ? [SeveralNames(path)] : []);
    }

    /// <summary>Writes the old content of a file beside it, with all that belongs to the file.</summary>
    /// <param name="path">The file's absolute path.</param>
    /// <param name="content">The file's content.</param>
    /// <param name="expected">The file that the content was read from, which nobody may have changed since.</param>
    /// <param name="names">Names to try, the first that is free is taken.</param>
    /// <param name="cancellationToken">Ends the wait for another process that is replacing the file.</param>
    /// <returns>The name that was taken.</returns>
    public static string WriteCopy(
        string path, ReadOnlySpan<byte> content, FileStamp? expected, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        using FilePlace place = FilePlace.Of(path);
        using PresentFile present = PresentFile.Find(place, cancellationToken) ?? throw new FileNotFoundException($"The file '{path}' is not there any more.");
        RequireUnchanged(path, present, expected);
        foreach (string name in names)
        {
            using FilePlace copy = FilePlace.Of(Path.Combine(Path.GetDirectoryName(path)!, name));
            try
            {
                Put(copy, content, present, FileRights.Kept, replaces: false);
                return name;
            }
            catch (DomainRuleException exception) when (exception.ErrorId == "FileExists")
            {
            }
        }

        throw new IOException($"Every name for a copy of '{path}' is taken. Remove old copies.");
    }

    /// <summary>Removes a file, unless it is another one by now.</summary>
    /// <param name="path">The file's absolute path.</param>
    /// <param name="expected">The file that was written.</param>
    /// <exception cref="DomainRuleException">Somebody has changed or replaced it; it is as it was.</exception>
    /// <exception cref="IOException">It cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission to remove it.</exception>
    public static void Remove(string path, FileStamp expected)
    {
        using FilePlace place = FilePlace.Of(path);
        using PresentFile? present = PresentFile.Find(place, CancellationToken.None);
        RequireUnchanged(path, present, expected);
        FileError.Require(FileCalls.Remove(place.Folder, place.Name), $"The file '{path}' cannot be removed");
    }

    private static void RequireUnchanged(string path, PresentFile? present, FileStamp? expected)
    {
        if (expected is not null && present?.Status.Stamp != expected)
        {
            throw new DomainRuleException("FileChanged", $"The file '{path}' was changed by somebody else since it was read, and is left as it is. Read it again and repeat the change.", ErrorKind.Conflict);
        }
    }

    private static FileStamp Put(FilePlace place, ReadOnlySpan<byte> content, PresentFile? model, FileRights rights, bool replaces)
    {
        string temporary = $".{Guid.NewGuid():N}.new";
        bool isOrdinaryNew = model is null && rights == FileRights.Kept;
        SafeFileHandle? opened = FileCalls.Open(
            place.Folder,
            temporary,
            FileCalls.OpenWriteOnly | FileCalls.OpenCreate | FileCalls.OpenExclusive | FileCalls.OpenNoFollow,
            isOrdinaryNew ? Everybody : OwnerOnly,
            out int error);
        FileError.Require(error, $"The file '{place.Path}' cannot be written, since its folder takes no new file");
        using SafeFileHandle file = opened!;
        try
        {
            RandomAccess.Write(file, content, 0);
            if (!isOrdinaryNew)
            {
                Dress(file, model, rights, place.Path);
            }

            FileError.Require(FileCalls.Flush(file), $"The file '{place.Path}' cannot be written to its disk");
            error = replaces ? FileCalls.Rename(place.Folder, temporary, place.Name) : FileCalls.RenameToNew(place.Folder, temporary, place.Name);
            if (error == FileCalls.Exists)
            {
                throw Exists(place.Path);
            }

            FileError.Require(error, $"The file '{place.Path}' cannot be put in its place");
        }
        catch
        {
            _ = FileCalls.Remove(place.Folder, temporary);
            throw;
        }

        FlushFolder(place.Folder);
        return FileStatus.Of(file).Stamp;
    }

    /// <summary>Gives the new file what belongs to the old one. It is nobody else's to open before that is done.</summary>
    private static void Dress(SafeFileHandle file, PresentFile? model, FileRights rights, string path)
    {
        if (model is null || rights == FileRights.Private)
        {
            ExtendedAttributes.RemoveAccessList(file);
        }

        if (model is not null && rights != FileRights.Private)
        {
            KeepOwner(file, model.Status, path);
        }

        if (model is not null)
        {
            ExtendedAttributes.Copy(model.Reference, file, withAccessList: rights != FileRights.Private);
        }

        UnixFileMode kept = model?.Status.Permission ?? (Private | Reading);
        UnixFileMode mode = rights switch
        {
            FileRights.Private => Private,
            FileRights.Executable => (kept | (UnixFileMode)((int)(kept & Reading) >> 2)) & ~(UnixFileMode.GroupWrite | UnixFileMode.OtherWrite),
            _ => kept,
        };
        FileError.Require(FileCalls.SetMode(file, mode), $"The permission of the file '{path}' cannot be kept");
    }

    private static void KeepOwner(SafeFileHandle file, FileStatus model, string path)
    {
        FileStatus own = FileStatus.Of(file);
        bool differs = (own.UserId, own.GroupId) != (model.UserId, model.GroupId);
        if (differs && FileCalls.SetOwner(file, model.UserId, model.GroupId) != 0)
        {
            throw new UnauthorizedAccessException(
                $"The file '{path}' belongs to user {model.UserId} and group {GroupName(model.GroupId)}, and replacing it would change that. Run this as root, or as " +
                "that user.");
        }
    }

    private static string GroupName(uint group) => Linux.UnixGroup.FindName(group) ?? group.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static void FlushFolder(SafeFileHandle folder)
    {
        // A folder that may be written but not read cannot be opened for this; the file itself is safe then.
        using SafeFileHandle? readable = FileCalls.Open(folder, ".", FileCalls.OpenDirectory, 0, out _);
        _ = readable is null ? 0 : FileCalls.Flush(readable);
    }

    private static DomainRuleException Exists(string path) =>
        new("FileExists", $"The file '{path}' is there already. Choose another path.", ErrorKind.AlreadyExists);

    private static Advice SeveralNames(string path) => new(
        "FileHasOtherNames",
        $"The file '{path}' had other names (hard links), which still have the old content. Link them anew if they are to follow.");
}
