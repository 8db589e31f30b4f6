namespace VirtioFs.Guest.Harness;

/// <summary>
/// Debian's cloud kernel in QEMU: with KVM where that runs ordinary kernels, else with QEMU's own translation, which needs
/// about three seconds to boot. Its root is an initial RAM disk with busybox and the programs that the script names.
/// </summary>
internal sealed class QemuGuest : GuestKernel
{
    /// <inheritdoc/>
    public override string? Missing => s_missing.Value;

    /// <inheritdoc/>
    protected override string WorkloadsInGuest => "/guest";

    private static readonly Lazy<string?> s_missing = new(() =>
    {
        try
        {
            HostProgram.RunAsync(Checkout.GuestTool, "emulator").GetAwaiter().GetResult();
            HostProgram.RunAsync(Checkout.GuestTool, "initrd", "perl").GetAwaiter().GetResult();
            return null;
        }
        catch (InvalidOperationException error)
        {
            return $"No QEMU guest can be prepared here. {error.Message}";
        }
    });

    /// <inheritdoc/>
    protected override async Task<IReadOnlyList<string>> CommandAsync(string workFolder, string script, GuestOptions options)
    {
        string emulator = await HostProgram.RunAsync(Checkout.GuestTool, "emulator");
        string accelerator = await HostProgram.RunAsync(Checkout.GuestTool, "accelerator");
        List<string> command =
        [
            emulator, "-nodefaults", "-no-user-config", "-display", "none",
            "-machine", $"q35,memory-backend=memory,accel={accelerator}",
            "-cpu", accelerator == "kvm" ? "host" : "qemu64,+rdrand",
            "-m", $"{options.MemoryMebibytes}M",
            "-object", $"memory-backend-memfd,id=memory,size={options.MemoryMebibytes}M,share=on",
            "-kernel", await HostProgram.RunAsync(Checkout.GuestTool, "kernel"),
            "-initrd", await MakeInitialRamDiskAsync(workFolder, script, options.Programs),
            "-append", "console=ttyS0 panic=-1 SCRIPT=/guest/script OUTPUT=/dev/ttyS1 MODULES=/modules",
            "-serial", "file:/dev/stderr", "-serial", "stdio",
        ];
        if (!options.Script.Contains("restart_guest", StringComparison.Ordinal))
        {
            command.Add("-no-reboot");
        }

        foreach (GuestShare share in options.Shares)
        {
            command.AddRange(["-chardev", $"socket,id={share.Tag},path={share.Socket}"]);
            command.AddRange([
                "-device",
                $"vhost-user-fs-pci,chardev={share.Tag},tag={share.Tag},queue-size=1024,num-request-queues={share.RequestQueues}"]);
        }

        return command;
    }

    // The kernel unpacks several archives that follow one another: the programs, then this guest's own files.
    private static async Task<string> MakeInitialRamDiskAsync(string workFolder, string script, IReadOnlyList<string> programs)
    {
        string common = await HostProgram.RunAsync(Checkout.GuestTool, ["initrd", "perl", .. programs]);
        string image = Path.Combine(workFolder, "initrd.cpio");
        await HostProgram.RunAsync("/bin/sh", "-euc",
            """
            work=$(mktemp -d)
            mkdir "$work/guest"
            cp -r "$3/." "$work/guest"
            cp "$2" "$work/guest/script"
            cp "$1" "$4"
            (cd "$work" && find . | busybox cpio -o -H newc 2>/dev/null) >>"$4"
            rm -r "$work"
            """,
            "sh", common, script, Checkout.Workloads, image);
        return image;
    }
}
