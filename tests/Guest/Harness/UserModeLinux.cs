namespace VirtioFs.Guest.Harness;

/// <summary>
/// A Linux kernel as a process, from Debian's package user-mode-linux. It needs no KVM, boots in about two seconds, and its
/// root is the host's own file tree, so that every program of the host runs in it. Only <c>/run</c> is its own.
/// </summary>
internal sealed class UserModeLinux : GuestKernel
{
    private const string ModulesOfPackage = "/usr/lib/uml/modules";

    // virtio 1.2 §5: the device id of a file system.
    private const int FileSystemDevice = 26;

    /// <inheritdoc/>
    public override string? Missing => (HostProgram.Find("linux.uml"), Modules, HostProgram.Find("busybox")) switch
    {
        (null, _, _) => "The package user-mode-linux is not installed here.",
        (_, null, _) => $"{ModulesOfPackage} holds no kernel modules.",
        (_, _, null) => "busybox is not installed here.",
        _ => null,
    };

    /// <inheritdoc/>
    protected override string WorkloadsInGuest => Checkout.Workloads;

    private static string? Modules =>
        Directory.Exists(ModulesOfPackage) ? Directory.EnumerateDirectories(ModulesOfPackage).FirstOrDefault() : null;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Command(string workFolder, string script, GuestOptions options) =>
        [
            HostProgram.Find("linux.uml")!, $"mem={options.MemoryMebibytes}M",
            "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", $"init={Checkout.GuestInit}",
            "con=null", "con0=null,fd:2", "ssl0=null,fd:1",
            // At its end it removes what is below its own folder, so that is none with logs.
            $"uml_dir={Path.Combine(workFolder, "uml")}",
            .. options.Shares.Select(share => $"virtio_uml.device={share.Socket}:{FileSystemDevice}"),
            $"SCRIPT={script}", "OUTPUT=/dev/ttyS0", $"MODULES={Modules}",
        ];
}
