using System.Buffers.Binary;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Fuzz;

/// <summary>Makes FUSE requests that are almost right.</summary>
internal sealed class RequestGenerator(Choices choices, Knowledge knowledge)
{
    /// <summary>The longest request in bytes.</summary>
    internal const int MaximumLength = 64 * 1024;

    private const int HeaderSize = 40, LongestData = 8192;

    // H handle, N node id, n name, I 32 bits, Q 64 bits, S size of data, d as many bytes as the last S said, M mode, O open flags,
    // C ioctl's request, P offset, B list of forgets.
    private static readonly Dictionary<FuseOpcode, string> s_arguments = new()
    {
        [FuseOpcode.Lookup] = "n", [FuseOpcode.Forget] = "Q", [FuseOpcode.Getattr] = "IIH", [FuseOpcode.Setattr] = "IIHPQQQQIIIMIIII",
        [FuseOpcode.Readlink] = "", [FuseOpcode.Symlink] = "nn", [FuseOpcode.Mknod] = "MIIIn", [FuseOpcode.Mkdir] = "MIn",
        [FuseOpcode.Unlink] = "n", [FuseOpcode.Rmdir] = "n", [FuseOpcode.Rename] = "Nnn", [FuseOpcode.Link] = "Nn",
        [FuseOpcode.Open] = "OI", [FuseOpcode.Read] = "HPSIQII", [FuseOpcode.Write] = "HPSIQIId", [FuseOpcode.Statfs] = "",
        [FuseOpcode.Release] = "HOIQ", [FuseOpcode.Fsync] = "HII", [FuseOpcode.Setxattr] = "SIIInd", [FuseOpcode.Getxattr] = "SIn",
        [FuseOpcode.Listxattr] = "SI", [FuseOpcode.Removexattr] = "n", [FuseOpcode.Flush] = "HIIQ", [FuseOpcode.Opendir] = "OI",
        [FuseOpcode.Readdir] = "HPSIQII", [FuseOpcode.Releasedir] = "HOIQ", [FuseOpcode.Fsyncdir] = "HII", [FuseOpcode.Getlk] = "HQQQIIII",
        [FuseOpcode.Setlk] = "HQQQIIII", [FuseOpcode.Setlkw] = "HQQQIIII", [FuseOpcode.Access] = "II", [FuseOpcode.Create] = "OMIIn",
        [FuseOpcode.Interrupt] = "Q", [FuseOpcode.Bmap] = "QII", [FuseOpcode.Ioctl] = "HICQSSd", [FuseOpcode.Poll] = "HQII",
        [FuseOpcode.NotifyReply] = "HPSIQII", [FuseOpcode.BatchForget] = "B", [FuseOpcode.Fallocate] = "HPPII",
        [FuseOpcode.Readdirplus] = "HPSIQII", [FuseOpcode.Rename2] = "NIInn", [FuseOpcode.Lseek] = "HPII",
        [FuseOpcode.CopyFileRange] = "HPNHPPQ", [FuseOpcode.SetupMapping] = "HQQQQ", [FuseOpcode.RemoveMapping] = "IQQ",
        [FuseOpcode.Syncfs] = "Q", [FuseOpcode.Tmpfile] = "OMIIn", [FuseOpcode.Statx] = "IIHII", [FuseOpcode.CopyFileRange64] = "HPNHPPQ",
    };

    private static readonly FuseOpcode[] s_opcodes = [.. s_arguments.Keys];

    private static readonly string[] s_names =
    [
        "a", "b", "c", "d", "e", "dir", "dir2", "file", "link", "sub", "user.x", "user.y", "trusted.x", "security.x", "system.posix_acl_access",
        "system.posix_acl_default", "security.capability", "", ".", "..", "/", "a/b", "../beside", "#1", new('x', 255), new('y', 256),
    ];

    private static readonly uint[] s_controls =
        [0x80086601, 0x40086602, 0x80087601, 0x801c581f, 0x401c5820, 0x40049409, 0x4020940d, 0x6685, 0xc0046686, 0x541b, 0x5401, 0xc0185879];

    private readonly byte[] _bytes = new byte[MaximumLength];
    private int _length;
    private int _size;

    /// <summary>The request that was made last.</summary>
    internal Span<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Its operation.</summary>
    internal FuseOpcode Opcode { get; private set; }

    /// <summary>Makes the next request.</summary>
    /// <param name="unique">Its number.</param>
    /// <param name="mayWait">Whether it may wait for a lock.</param>
    internal void Make(ulong unique, bool mayWait)
    {
        Opcode = choices.OneIn(100) ? (FuseOpcode)choices.UInt32() : choices.Of<FuseOpcode>(s_opcodes);
        if (!mayWait && Opcode is FuseOpcode.Setlkw or FuseOpcode.Setlk)
        {
            Opcode = FuseOpcode.Getlk;
        }

        _length = HeaderSize;
        _size = 0;
        foreach (char kind in s_arguments.GetValueOrDefault(Opcode, "IQn"))
        {
            Append(kind);
        }

        if (choices.OneIn(40))
        {
            _length = Math.Max(HeaderSize, _length - choices.Byte());
        }

        int extension = choices.OneIn(6) ? AppendExtensions() : 0;
        Span<byte> header = _bytes;
        header[..HeaderSize].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, choices.OneIn(40) ? (uint)choices.Interesting() : (uint)_length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)Opcode);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], unique);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], knowledge.Node(choices));
        if (choices.OneIn(4))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header[24..], (uint)choices.Interesting());
            BinaryPrimitives.WriteUInt32LittleEndian(header[28..], (uint)choices.Interesting());
        }

        if (choices.OneIn(30))
        {
            BinaryPrimitives.WriteUInt16LittleEndian(header[36..], choices.Byte());
        }
        else if (extension > 0)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(header[36..], (ushort)(extension / 8));
        }

        if (choices.OneIn(40))
        {
            _length = choices.Below(_length + 1);
        }
    }

    private void Append(char kind)
    {
        switch (kind)
        {
            case 'H':
                Put(knowledge.Handle(choices));
                break;
            case 'N':
                Put(knowledge.Node(choices));
                break;
            case 'Q':
                Put(choices.Interesting());
                break;
            case 'P':
                Put(choices.OneIn(8) ? choices.Interesting() : choices.UInt32() & 0xffff);
                break;
            case 'I':
                Put(choices.OneIn(2) ? choices.Byte() & 0xfu : (uint)choices.Interesting());
                break;
            case 'M':
                Put(choices.OneIn(8) ? (uint)choices.Interesting() : choices.Of<uint>([0x81a4, 0x41ed, 0x1fff, 0x11a4, 0xc1a4, 0x8fff, 0x21a4]));
                break;
            case 'O':
                Put(choices.OneIn(8) ? (uint)choices.Interesting() : choices.Of<uint>([0x8000, 0x8002, 0x8001, 0x8402, 0x8202, 0x80c2, 0x18000]));
                break;
            case 'C':
                Put(choices.OneIn(8) ? (uint)choices.Interesting() : choices.Of<uint>(s_controls));
                break;
            case 'S':
                _size = choices.Below(LongestData);
                Put(choices.OneIn(16) ? (uint)choices.Interesting() : (uint)_size);
                break;
            case 'd':
                choices.Fill(_bytes.AsSpan(_length, _size));
                _length += _size;
                break;
            case 'B':
                AppendForgets();
                break;
            default:
                AppendName();
                break;
        }
    }

    /// <summary>Appends blocks of extensions (fuse.h, fuse_ext_header): labels, groups, and others. Answers their bytes.</summary>
    private int AppendExtensions()
    {
        const uint Groups = 32;
        int begin = _length;
        for (int blocks = 1 + choices.Below(3); blocks > 0; blocks--)
        {
            int block = _length;
            uint type = choices.OneIn(8) ? (uint)choices.Interesting() : choices.OneIn(2) ? Groups : (uint)choices.Below(3);
            Put(0u);
            Put(type);
            if (type == Groups)
            {
                Put(choices.OneIn(8) ? (uint)choices.Interesting() : (uint)choices.Below(3));
                Put((uint)choices.Interesting());
            }
            else
            {
                _size = choices.Below(64);
                Put(choices.OneIn(8) ? (uint)choices.Interesting() : (uint)_size);
                Put(0u);
                AppendName();
                Append('d');
            }

            while (_length % 8 != begin % 8)
            {
                _bytes[_length++] = 0;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(block), choices.OneIn(8) ? (uint)choices.Interesting() : (uint)(_length - block));
        }

        return _length - begin;
    }

    private void AppendForgets()
    {
        int count = choices.Below(20);
        Put(choices.OneIn(8) ? (uint)choices.Interesting() : (uint)count);
        Put(0u);
        for (; count > 0; count--)
        {
            Put(knowledge.Node(choices));
            Put(choices.OneIn(4) ? choices.Interesting() : 1ul);
        }
    }

    private void AppendName()
    {
        string name = choices.Of<string>(s_names);
        int length = System.Text.Encoding.UTF8.GetBytes(name, _bytes.AsSpan(_length));
        if (choices.OneIn(20))
        {
            _bytes[_length] = choices.Byte();
        }

        _length += Math.Max(length, 0);
        _bytes[_length++] = choices.OneIn(50) ? choices.Byte() : (byte)0;
    }

    private void Put(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(_length), value);
        _length += sizeof(ulong);
    }

    private void Put(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(_length), value);
        _length += sizeof(uint);
    }
}
