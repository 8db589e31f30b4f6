using System.Runtime.InteropServices;
using System.Text;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Frontend.Fuse;

// What works on open directories.
public sealed unsafe partial class FuseClient
{
    /// <summary>OPENDIR.</summary>
    public int Opendir(ulong node, out FuseOpenOut answer, uint flags = 0x10000) =>
        Ask(Call.Begin(FuseOpcode.Opendir, node).Append(new FuseOpenIn { Flags = flags }), out answer);

    /// <summary>RELEASEDIR.</summary>
    public int Releasedir(ulong node, ulong handle) =>
        Transact(Call.Begin(FuseOpcode.Releasedir, node).Append(new FuseReleaseIn { Handle = handle }));

    /// <summary>FSYNCDIR.</summary>
    public int Fsyncdir(ulong node, ulong handle) =>
        Transact(Call.Begin(FuseOpcode.Fsyncdir, node).Append(new FuseFsyncIn { Handle = handle }));

    /// <summary>One READDIR or READDIRPLUS. Bytes answered, 0 at the end, or a negated error number.</summary>
    /// <param name="node">The directory.</param>
    /// <param name="handle">Its handle.</param>
    /// <param name="offset">Where to go on: the last entry's offset, 0 at the beginning.</param>
    /// <param name="room">Bytes of room.</param>
    /// <param name="plus">READDIRPLUS.</param>
    /// <param name="entries">Where the entries are added.</param>
    public int Readdir(ulong node, ulong handle, ulong offset, int room, bool plus, List<DirectoryEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        FuseOpcode opcode = plus ? FuseOpcode.Readdirplus : FuseOpcode.Readdir;
        int error = Transact(Call.Begin(opcode, node)
            .Append(new FuseReadIn { Handle = handle, Offset = offset, Size = (uint)room }).ExpectData(room));
        if (error != 0)
        {
            return error;
        }

        ReadOnlySpan<byte> rest = Call.Data;
        while (!rest.IsEmpty)
        {
            entries.Add(TakeEntry(ref rest, plus));
        }

        return Call.DataLength;
    }

    /// <summary>Opens, reads to the end and closes a directory. Zero, or a negated error number.</summary>
    public int ReadWholeDirectory(ulong node, bool plus, List<DirectoryEntry> entries, int room = 32 << 10)
    {
        ArgumentNullException.ThrowIfNull(entries);
        int error = Opendir(node, out FuseOpenOut open);
        if (error != 0)
        {
            return error;
        }

        int read;
        do
        {
            read = Readdir(node, open.Handle, entries.Count == 0 ? 0 : entries[^1].Record.Offset, room, plus, entries);
        }
        while (read > 0);
        int closed = Releasedir(node, open.Handle);
        return read < 0 ? read : closed;
    }

    /// <summary>Counts the entries that the reply to READDIR or READDIRPLUS has, without making any objects.</summary>
    /// <param name="data">The reply's data.</param>
    /// <param name="plus">READDIRPLUS.</param>
    /// <param name="nextOffset">Where to go on.</param>
    public static int CountEntries(ReadOnlySpan<byte> data, bool plus, out ulong nextOffset)
    {
        int count = 0;
        nextOffset = 0;
        while (!data.IsEmpty)
        {
            data = data[(plus ? sizeof(FuseEntryOut) : 0)..];
            FuseDirent record = MemoryMarshal.Read<FuseDirent>(data);
            nextOffset = record.Offset;
            data = data[((sizeof(FuseDirent) + (int)record.NameLength + 7) & ~7)..];
            count++;
        }

        return count;
    }

    private static DirectoryEntry TakeEntry(ref ReadOnlySpan<byte> rest, bool plus)
    {
        FuseEntryOut entry = default;
        ReadOnlySpan<byte> here = rest;
        if (plus)
        {
            Require(here.Length >= sizeof(FuseEntryOut), "ends inside of an entry");
            entry = MemoryMarshal.Read<FuseEntryOut>(here);
            here = here[sizeof(FuseEntryOut)..];
        }

        Require(here.Length >= sizeof(FuseDirent), "ends inside of an entry");
        FuseDirent record = MemoryMarshal.Read<FuseDirent>(here);
        int padded = (int)(sizeof(FuseDirent) + (long)record.NameLength + 7 & ~7);
        Require(record.NameLength is > 0 and <= 255 && padded <= here.Length, "has a name that does not fit");
        string name = Encoding.UTF8.GetString(here.Slice(sizeof(FuseDirent), (int)record.NameLength));
        rest = here[padded..];
        return new DirectoryEntry(name, record, entry);
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new BackEndException($"A directory's listing {problem}.");
        }
    }
}
