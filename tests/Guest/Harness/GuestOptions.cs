namespace VirtioFs.Guest.Harness;

/// <summary>What a guest is given and what it does.</summary>
internal sealed record GuestOptions
{
    /// <summary>Mounted in this order before the script runs; <c>$SHARE</c> is where the first one is.</summary>
    public required IReadOnlyList<GuestShare> Shares { get; init; }

    /// <summary>
    /// Lines for the guest's shell, which stops at the first that fails. <c>$WORKLOADS</c> holds this project's programs
    /// for guests, and <c>restart_guest</c> starts the kernel anew and the script from its beginning. In a guest that sees the
    /// host's files, <c>wait_for_host NAME</c> waits for <see cref="RunningGuest.LetGoOnAsync"/>: until <c>$HOST_SIGNS/NAME</c> is there.
    /// </summary>
    public required string Script { get; init; }

    /// <summary>Programs of the host that the script uses, beyond busybox and perl.</summary>
    public IReadOnlyList<string> Programs { get; init; } = [];

    /// <summary>A guest that takes longer is ended, and its test fails.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>Memory in MiB.</summary>
    public int MemoryMebibytes { get; init; } = 768;

    /// <summary>Virtual processors; a User-Mode Linux has one.</summary>
    public int Processors { get; init; } = 1;

    /// <summary>More for the kernel's command line, in QEMU.</summary>
    public string KernelArguments { get; init; } = "";

    /// <summary>
    /// Where the first share has <c>EFI/BOOT/BOOTX64.EFI</c>: QEMU's firmware boots the guest from there. Null: QEMU starts the kernel itself.
    /// </summary>
    public string? FirmwareImage { get; init; }

    /// <summary>Where QEMU is to listen for a <see cref="QemuMonitor"/>.</summary>
    public string? Monitor { get; init; }

    /// <summary>The name of the guest in its logs.</summary>
    public string Name { get; init; } = "guest";
}
