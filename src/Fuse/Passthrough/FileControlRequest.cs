namespace VirtioFs.Fuse;

/// <summary>A request of ioctl(2) that a guest may send (<c>linux/fs.h</c>, <c>linux/fscrypt.h</c>).</summary>
/// <param name="Size">Bytes that the kernel reads or writes at its argument.</param>
/// <param name="TakesInput">Whether it reads them.</param>
/// <param name="GivesOutput">Whether it writes them.</param>
internal readonly record struct FileControlRequest(uint Size, bool TakesInput, bool GivesOutput)
{
    private const uint GetFlags = 0x80086601, SetFlags = 0x40086602, GetVersion = 0x80087601;
    private const uint GetExtended = 0x801C581F, SetExtended = 0x401C5820;
    private const uint SetEncryptionPolicy = 0x800C6613, GetEncryptionPolicy = 0x400C6615;

    /// <summary>What is known of a request, or null for one that is not passed on.</summary>
    /// <remarks>
    /// Requests whose argument holds pointers or has a variable length are not passed on, since FUSE does not translate them: adding
    /// encryption keys, and fs-verity. SetEncryptionPolicy takes what its number says it gives, for history's sake.
    /// </remarks>
    internal static FileControlRequest? Find(uint command) => command switch
    {
        GetFlags or GetVersion => new FileControlRequest(8, false, true),
        SetFlags => new FileControlRequest(8, true, false),
        GetExtended => new FileControlRequest(28, false, true),
        SetExtended => new FileControlRequest(28, true, false),
        SetEncryptionPolicy => new FileControlRequest(12, true, false),
        GetEncryptionPolicy => new FileControlRequest(12, false, true),
        _ => null,
    };
}
