using System.Runtime.InteropServices;
using System.Text;

namespace VirtioFs.Linux;

/// <summary>Groups of the host, from wherever it keeps them (<c>nsswitch.conf(5)</c>).</summary>
public static unsafe class UnixGroup
{
    private const int BufferSize = 64 * 1024;

    /// <summary>The number of a group; null when there is none of that name.</summary>
    public static uint? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Group group;
        Group* found = null;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'), buffer = new byte[BufferSize])
        {
            return LibC.getgrnam_r(text, &group, buffer, BufferSize, &found) == 0 && found is not null ? group.Id : null;
        }
    }

    /// <summary>The name of a group; null when it has none.</summary>
    public static string? FindName(uint id)
    {
        Group group;
        Group* found = null;
        fixed (byte* buffer = new byte[BufferSize])
        {
            return LibC.getgrgid_r(id, &group, buffer, BufferSize, &found) == 0 && found is not null ? Marshal.PtrToStringUTF8((nint)group.Name) : null;
        }
    }

    /// <summary><c>struct group</c> (<c>grp.h</c>).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Group
    {
        public byte* Name;
        public byte* Password;
        public uint Id;
        public byte** Members;
    }
}

internal static unsafe partial class LibC
{
    [LibraryImport(Library)]
    internal static partial int getgrnam_r(byte* name, UnixGroup.Group* group, byte* buffer, nuint size, UnixGroup.Group** result);

    [LibraryImport(Library)]
    internal static partial int getgrgid_r(uint id, UnixGroup.Group* group, byte* buffer, nuint size, UnixGroup.Group** result);
}
