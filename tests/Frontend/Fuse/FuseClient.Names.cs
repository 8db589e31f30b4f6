using System.Text;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Frontend.Fuse;

// What works on names in directories, and on inodes without opening them.
public sealed unsafe partial class FuseClient
{
    /// <summary>LOOKUP.</summary>
    public int Lookup(ulong parent, ReadOnlySpan<char> name, out FuseEntryOut entry) =>
        Ask(Call.Begin(FuseOpcode.Lookup, parent).AppendName(name), out entry);

    /// <summary>GETATTR, through a handle when one is given.</summary>
    public int Getattr(ulong node, out FuseAttrOut answer, ulong? handle = null) =>
        Ask(Call.Begin(FuseOpcode.Getattr, node).Append(new FuseGetattrIn { Flags = handle is null ? 0u : 1, Handle = handle ?? 0 }), out answer);

    /// <summary>SETATTR.</summary>
    public int Setattr(ulong node, in FuseSetattrIn argument, out FuseAttrOut answer) =>
        Ask(Call.Begin(FuseOpcode.Setattr, node).Append(argument), out answer);

    /// <summary>STATX.</summary>
    public int Statx(ulong node, out FuseStatxOut answer, uint mask = 0xfff, uint flags = 0, ulong? handle = null) =>
        Ask(Call.Begin(FuseOpcode.Statx, node).Append(new FuseStatxIn
        {
            GetattrFlags = handle is null ? 0u : 1,
            Handle = handle ?? 0,
            Flags = flags,
            Mask = mask,
        }), out answer);

    /// <summary>ACCESS.</summary>
    public int Access(ulong node, uint mask) => Transact(Call.Begin(FuseOpcode.Access, node).Append(new FuseAccessIn { Mask = mask }));

    /// <summary>READLINK.</summary>
    public int Readlink(ulong node, out string target)
    {
        int error = Transact(Call.Begin(FuseOpcode.Readlink, node).ExpectData(4096));
        target = error == 0 ? Encoding.UTF8.GetString(Call.Data) : string.Empty;
        return error;
    }

    /// <summary>SYMLINK.</summary>
    public int Symlink(ulong parent, ReadOnlySpan<char> name, ReadOnlySpan<char> target, out FuseEntryOut entry) =>
        Ask(Call.Begin(FuseOpcode.Symlink, parent).AppendName(name).AppendName(target), out entry);

    /// <summary>MKNOD.</summary>
    public int Mknod(ulong parent, ReadOnlySpan<char> name, uint mode, uint device, out FuseEntryOut entry, uint umask = 0) =>
        Ask(Call.Begin(FuseOpcode.Mknod, parent).Append(new FuseMknodIn { Mode = mode, DeviceNumber = device, Umask = umask }).AppendName(name), out entry);

    /// <summary>MKDIR.</summary>
    public int Mkdir(ulong parent, ReadOnlySpan<char> name, uint mode, out FuseEntryOut entry, uint umask = 0) =>
        Ask(Call.Begin(FuseOpcode.Mkdir, parent).Append(new FuseMkdirIn { Mode = mode, Umask = umask }).AppendName(name), out entry);

    /// <summary>UNLINK.</summary>
    public int Unlink(ulong parent, ReadOnlySpan<char> name) => Transact(Call.Begin(FuseOpcode.Unlink, parent).AppendName(name));

    /// <summary>RMDIR.</summary>
    public int Rmdir(ulong parent, ReadOnlySpan<char> name) => Transact(Call.Begin(FuseOpcode.Rmdir, parent).AppendName(name));

    /// <summary>RENAME.</summary>
    public int Rename(ulong parent, ReadOnlySpan<char> name, ulong newParent, ReadOnlySpan<char> newName) =>
        Transact(Call.Begin(FuseOpcode.Rename, parent).Append(new FuseRenameIn { NewDirectory = newParent }).AppendName(name).AppendName(newName));

    /// <summary>RENAME2 with <c>RENAME_*</c> flags of <c>linux/fs.h</c>.</summary>
    public int Rename2(ulong parent, ReadOnlySpan<char> name, ulong newParent, ReadOnlySpan<char> newName, uint flags) =>
        Transact(Call.Begin(FuseOpcode.Rename2, parent)
            .Append(new FuseRename2In { NewDirectory = newParent, Flags = flags }).AppendName(name).AppendName(newName));

    /// <summary>LINK.</summary>
    public int Link(ulong node, ulong newParent, ReadOnlySpan<char> newName, out FuseEntryOut entry) =>
        Ask(Call.Begin(FuseOpcode.Link, newParent).Append(new FuseLinkIn { OldNodeId = node }).AppendName(newName), out entry);

    /// <summary>SETXATTR, in the long form when it is negotiated.</summary>
    public int Setxattr(ulong node, ReadOnlySpan<char> name, ReadOnlySpan<byte> value, uint flags = 0, uint setxattrFlags = 0)
    {
        Call.Begin(FuseOpcode.Setxattr, node);
        if (Negotiated.HasFlag(FuseInitFlags.SetxattrExtended))
        {
            Call.Append(new FuseSetxattrIn { Size = (uint)value.Length, Flags = flags, SetxattrFlags = setxattrFlags });
        }
        else
        {
            Call.Append(new FuseSetxattrInCompat { Size = (uint)value.Length, Flags = flags });
        }

        return Transact(Call.AppendName(name).Append(value));
    }

    /// <summary>GETXATTR. The value's length, or a negated error number; with room 0 only the length is asked for.</summary>
    public int Getxattr(ulong node, ReadOnlySpan<char> name, int room, out byte[] value) =>
        AskForAttribute(Call.Begin(FuseOpcode.Getxattr, node).Append(new FuseGetxattrIn { Size = (uint)room }).AppendName(name), room, out value);

    /// <summary>LISTXATTR. The list's length, or a negated error number; with room 0 only the length is asked for.</summary>
    public int Listxattr(ulong node, int room, out byte[] names) =>
        AskForAttribute(Call.Begin(FuseOpcode.Listxattr, node).Append(new FuseGetxattrIn { Size = (uint)room }), room, out names);

    /// <summary>REMOVEXATTR.</summary>
    public int Removexattr(ulong node, ReadOnlySpan<char> name) => Transact(Call.Begin(FuseOpcode.Removexattr, node).AppendName(name));

    private int AskForAttribute(FuseRequest request, int room, out byte[] value)
    {
        value = [];
        if (room == 0)
        {
            int failure = Ask(request, out FuseGetxattrOut answer);
            return failure != 0 ? failure : (int)answer.Size;
        }

        int error = Transact(request.ExpectData(room));
        value = error == 0 ? request.Data.ToArray() : [];
        return error != 0 ? error : value.Length;
    }
}
