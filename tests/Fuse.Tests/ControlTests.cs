using System.Runtime.InteropServices;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>Requests of ioctl(2): which are passed on, in the lengths that Linux drivers send, and that no others are.</summary>
public sealed unsafe class ControlTests : IDisposable
{
    private const ulong Root = 1;
    private const uint GetFlags = 0x80086601, SetFlags = 0x40086602, GetExtended = 0x801C581F, SetExtended = 0x401C5820;
    private const uint GetPolicy = 0xC0096616, AddKey = 0xC0506617, KeyStatus = 0xC080661A, Nonce = 0x8010661B, SetPolicy = 0x800C6613;
    private const uint EnableVerity = 0x40806685, MeasureVerity = 0xC0046686;
    private const int EncryptedV2Size = 24;

    private readonly MountedImage _image = MountedImage.Create("ext4", 320, "-O", "encrypt");
    private readonly FuseGuest _guest;
    private readonly ulong _node;
    private readonly ulong _handle;

    public ControlTests()
    {
        File.WriteAllText(_image["file"], "content");
        _guest = new FuseGuest(_image.Path);
        _node = _guest.MustLookup(Root, "file").NodeId;
        _handle = _guest.Send(FuseOpcode.Open, _node, new OpenIn()).As<OpenOut>().Handle;
    }

    public void Dispose()
    {
        _guest.Dispose();
        _image.Dispose();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Flags_are_read_and_set_in_the_length_that_the_guest_uses(int length)
    {
        const uint NoAccessTime = 0x80, ReservedForAppending = 0x20;
        uint before = MemoryMarshal.Read<uint>(Answer(Control(GetFlags, [], length)));
        byte[] wanted = new byte[length];
        MemoryMarshal.Write(wanted, before | NoAccessTime);
        Assert.Equal(0, Control(SetFlags, wanted, 0).Error);
        byte[] after = Answer(Control(GetFlags, [], length));
        Assert.Equal(length, after.Length);
        Assert.Equal(before | NoAccessTime, MemoryMarshal.Read<uint>(after));

        MemoryMarshal.Write(wanted, before | ReservedForAppending);
        Assert.Equal(0, Control(SetFlags, wanted, 0).Error);
        Assert.Equal(Errno.EPERM, _guest.Send(FuseOpcode.Open, _node, new OpenIn { Flags = 1 }).Error);
        Assert.Equal(0, _guest.Send(FuseOpcode.Open, _node, new OpenIn { Flags = 0x401 }).Error);
        MemoryMarshal.Write(wanted, before);
        Assert.Equal(0, Control(SetFlags, wanted, 0).Error);
    }

    [Fact]
    public void Extended_flags_and_those_of_a_directory_are_passed_on()
    {
        byte[] extended = Answer(Control(GetExtended, [], 28));
        Assert.Equal(0, Control(SetExtended, extended, 0).Error);
        ulong handle = _guest.Send(FuseOpcode.OpenDirectory, Root, new OpenIn()).As<OpenOut>().Handle;
        ControlIn onDirectory = new() { Handle = handle, Flags = ControlIn.OnDirectory, Command = GetFlags, OutputSize = 4 };
        Assert.Equal(4, Answer(_guest.Send(FuseOpcode.Control, Root, onDirectory)).Length);
        Assert.Equal(Errno.EBADF, _guest.Send(FuseOpcode.Control, Root, onDirectory with { Flags = 0 }).Error);
    }

    [Fact]
    public void What_is_not_encrypted_says_so()
    {
        byte[] argument = new byte[9];
        MemoryMarshal.Write(argument, (ulong)EncryptedV2Size);
        Assert.Equal(Errno.ENODATA, Control(GetPolicy, argument, 9).Error);
        Assert.Equal(Errno.ENODATA, Control(Nonce, [], 16).Error);
    }

    [Theory]
    [InlineData(9, Errno.EOVERFLOW)]
    [InlineData(8 + EncryptedV2Size, 0)]
    public void An_encryption_policy_is_told_whole_or_not_at_all(int room, int expected)
    {
        // Version 2, AES-256-XTS for contents, AES-256-CTS for names, names padded to 32 bytes; and the key.
        byte[] policy = [2, 1, 4, 3, .. new byte[4], .. Enumerable.Repeat((byte)7, 16)];
        string folder = Directory.CreateDirectory(_image["secret"]).FullName;
        AddKeyOnHost(policy.AsSpan(8));
        Assert.Equal(0, ControlOnHost(folder, SetPolicy, policy));

        ulong node = _guest.MustLookup(Root, "secret").NodeId;
        ulong handle = _guest.Send(FuseOpcode.OpenDirectory, node, new OpenIn()).As<OpenOut>().Handle;
        byte[] argument = new byte[Math.Min(room, 9)];
        MemoryMarshal.Write(argument, ulong.MaxValue);
        ControlIn control = new()
        {
            Handle = handle, Flags = ControlIn.OnDirectory, Command = GetPolicy, InputSize = (uint)argument.Length, OutputSize = (uint)room,
        };
        FuseReply reply = _guest.Send(FuseOpcode.Control, node, control, argument);
        Assert.Equal(expected, reply.Error);
        if (expected == 0)
        {
            Assert.Equal([EncryptedV2Size, 0, 0, 0, 0, 0, 0, 0, .. policy], Answer(reply));
            byte[] nonce = Answer(_guest.Send(FuseOpcode.Control, node, control with { Command = Nonce, InputSize = 0, OutputSize = 16 }));
            Assert.Contains(nonce, value => value != 0);
        }
    }

    [Fact]
    public void The_state_of_a_key_is_told_and_a_key_can_be_neither_added_nor_removed()
    {
        const uint Absent = 1, RemoveKey = 0xC0406618;
        byte[] argument = new byte[128];
        MemoryMarshal.Write(argument, 2u);
        byte[] answer = Answer(Control(KeyStatus, argument, 128));
        Assert.Equal(Absent, MemoryMarshal.Read<uint>(answer.AsSpan(64)));
        Assert.Equal(Errno.ENOTTY, Control(AddKey, new byte[80], 80).Error);
        Assert.Equal(Errno.ENOTTY, Control(RemoveKey, new byte[64], 64).Error);
    }

    [Fact]
    public void Verity_fails_or_not_as_it_does_on_the_host()
    {
        byte[] enable = new byte[128];
        MemoryMarshal.Write(enable, 1u);
        MemoryMarshal.Write(enable.AsSpan(4), 1u);
        MemoryMarshal.Write(enable.AsSpan(8), 4096u);
        File.WriteAllText(_image["other"], "content");
        Assert.Equal(ControlOnHost(_image["other"], EnableVerity, [.. enable]), -Control(EnableVerity, enable, 0).Error);
        byte[] measure = new byte[4 + 64];
        MemoryMarshal.Write(measure.AsSpan(2), (ushort)64);
        Assert.Equal(ControlOnHost(_image["other"], MeasureVerity, [.. measure]), -Control(MeasureVerity, measure, measure.Length).Error);
    }

    [Theory]
    [InlineData(8u, 0u, 8, true)]
    [InlineData(8u, 4u, 12, true)]
    [InlineData(8u, 0u, 7, false)]
    [InlineData(8u, 0u, 0, false)]
    [InlineData(8u, 4u, 11, false)]
    [InlineData(0u, 0u, 1, false)]
    [InlineData(uint.MaxValue, 9u, 8, false)]
    public void Salt_and_signature_of_verity_are_as_long_as_they_say(uint salt, uint signature, int sent, bool isGood)
    {
        byte[] enable = new byte[128 + sent];
        MemoryMarshal.Write(enable, 1u);
        MemoryMarshal.Write(enable.AsSpan(12), salt);
        MemoryMarshal.Write(enable.AsSpan(24), signature);
        int error = Control(EnableVerity, enable, 0).Error;
        Assert.Equal(isGood, error != Errno.EINVAL);
    }

    [Theory]
    [InlineData(1234u)]
    [InlineData(uint.MaxValue)]
    public void Only_root_and_the_owner_make_a_file_unchangeable_for_ever(uint user)
    {
        _guest.UserId = user;
        Assert.Equal(Errno.EACCES, Control(EnableVerity, new byte[128], 0).Error);
    }

    // FS_IOC_SETVERSION, FIFREEZE, FITRIM, FIEMAP, FICLONE, FIBMAP, TCGETS, EXT4_IOC_MOVE_EXT, EXT4_IOC_SHUTDOWN, FS_IOC_READ_VERITY_METADATA,
    // and those whose numbers tell another direction than they have: FS_IOC_SET_ENCRYPTION_POLICY, GET_ENCRYPTION_POLICY, GET_ENCRYPTION_PWSALT.
    [Theory]
    [InlineData(0x40087602u)]
    [InlineData(0xC0045877u)]
    [InlineData(0xC0185879u)]
    [InlineData(0xC020660Bu)]
    [InlineData(0x40049409u)]
    [InlineData(1u)]
    [InlineData(0x5401u)]
    [InlineData(0xC028660Fu)]
    [InlineData(0x8004587Du)]
    [InlineData(0xC0286687u)]
    [InlineData(SetPolicy)]
    [InlineData(0x400C6615u)]
    [InlineData(0x40106614u)]
    [InlineData(0u)]
    [InlineData(uint.MaxValue)]
    public void Everything_else_is_no_request_of_such_a_file(uint command) =>
        Assert.Equal(Errno.ENOTTY, Control(command, new byte[64], 64).Error);

    [Theory]
    [InlineData(GetFlags, 0, 3)]
    [InlineData(GetFlags, 9, 8)]
    [InlineData(SetFlags, 3, 0)]
    [InlineData(GetExtended, 0, 27)]
    [InlineData(SetExtended, 27, 0)]
    [InlineData(GetPolicy, 7, 9)]
    [InlineData(GetPolicy, 9, 8)]
    [InlineData(KeyStatus, 127, 128)]
    [InlineData(KeyStatus, 128, 127)]
    [InlineData(Nonce, 0, 15)]
    [InlineData(EnableVerity, 127, 0)]
    [InlineData(EnableVerity, 20000, 0)]
    [InlineData(MeasureVerity, 3, 68)]
    [InlineData(MeasureVerity, 4, 3)]
    public void Lengths_that_do_not_fit_are_refused(uint command, int input, int room) =>
        Assert.Equal(Errno.EINVAL, Control(command, new byte[input], room).Error);

    private FuseReply Control(uint command, byte[] input, int room) =>
        _guest.Send(
            FuseOpcode.Control,
            _node,
            new ControlIn { Handle = _handle, Command = command, InputSize = (uint)input.Length, OutputSize = (uint)room },
            input);

    private static byte[] Answer(FuseReply reply)
    {
        Assert.Equal(0, reply.Error);
        return reply.Body[sizeof(ControlOut)..];
    }

    private static int ControlOnHost(string path, uint command, byte[] argument)
    {
        int descriptor = Files.Open(path, OpenFlags.ReadOnly);
        fixed (byte* bytes = argument)
        {
            int result = FileControl.Send(descriptor, command, bytes);
            FileDescriptor.Close(descriptor);
            return result;
        }
    }

    /// <summary>Makes a key known to the file system, and writes its identifier.</summary>
    private void AddKeyOnHost(Span<byte> identifier)
    {
        const int KeySize = 64, RawOffset = 80;
        byte[] argument = new byte[RawOffset + KeySize];
        MemoryMarshal.Write(argument, 2u);
        MemoryMarshal.Write(argument.AsSpan(40), (uint)KeySize);
        argument.AsSpan(RawOffset).Fill(1);
        int added = ControlOnHost(_image.Path, AddKey, argument);
        Assert.SkipUnless(added == 0, "This kernel has no encryption of files.");
        argument.AsSpan(8, identifier.Length).CopyTo(identifier);
    }
}
