namespace VirtioFs.Fuse.Passthrough;

/// <summary>A request of ioctl(2) that a guest may send. What is not here is not passed on; docs/behaviour.md says why.</summary>
/// <param name="LeastInput">The fewest bytes that the guest has to send.</param>
/// <param name="LeastOutput">The fewest bytes that it has to have room for; 0 where nothing is answered.</param>
/// <param name="Size">The most bytes that the host's kernel reads or writes.</param>
/// <param name="Changes">Whether it changes the file.</param>
internal readonly record struct FileControlRequest(uint LeastInput, uint LeastOutput, uint Size, bool Changes)
{
    /// <summary><c>FS_IOC_GET_ENCRYPTION_POLICY_EX</c> (<c>linux/fscrypt.h</c>): a size in 8 bytes, and a policy.</summary>
    internal const uint GetEncryptionPolicy = 0xC0096616;

    /// <summary><c>FS_IOC_ENABLE_VERITY</c> (<c>linux/fsverity.h</c>): <c>struct fsverity_enable_arg</c>, and what it points to.</summary>
    internal const uint EnableVerity = 0x40806685;

    /// <summary><c>FS_IOC_MEASURE_VERITY</c>: <c>struct fsverity_digest</c>, which tells its own length.</summary>
    internal const uint MeasureVerity = 0xC0046686;

    /// <summary>Bytes of <c>struct fsverity_enable_arg</c>.</summary>
    internal const uint EnableVeritySize = 128;

    private const uint GetFlags = 0x80086601, SetFlags = 0x40086602, GetVersion = 0x80087601;
    private const uint GetExtended = 0x801C581F, SetExtended = 0x401C5820;
    private const uint GetEncryptionKeyStatus = 0xC080661A, GetEncryptionNonce = 0x8010661B;

    // A salt has at most 32 bytes, a signature 16,128 (FS_VERITY_MAX_SIGNATURE_SIZE), a digest 64, a policy of version 2 has 24.
    private const uint LargestSaltAndSignature = 32 + 16128, LargestDigest = 64, LargestPolicy = 24;

    /// <summary>What is known of a request, or null for one that is not passed on.</summary>
    /// <remarks>The numbers of GETFLAGS and SETFLAGS say long, their argument is an int, and the Linux driver sends just that.</remarks>
    internal static FileControlRequest? Find(uint command) => command switch
    {
        GetFlags or GetVersion => new FileControlRequest(0, 4, 8, false),
        SetFlags => new FileControlRequest(4, 0, 8, true),
        GetExtended => new FileControlRequest(0, 28, 28, false),
        SetExtended => new FileControlRequest(28, 0, 28, true),
        GetEncryptionPolicy => new FileControlRequest(8, 9, 8 + LargestPolicy, false),
        GetEncryptionKeyStatus => new FileControlRequest(128, 128, 128, false),
        GetEncryptionNonce => new FileControlRequest(0, 16, 16, false),
        EnableVerity => new FileControlRequest(EnableVeritySize, 0, EnableVeritySize + LargestSaltAndSignature, true),
        MeasureVerity => new FileControlRequest(4, 4, 4 + LargestDigest, false),
        _ => null,
    };
}
