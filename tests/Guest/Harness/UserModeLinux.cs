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

    // A kernel of 6.1 that restarts itself sometimes turns in circles before it has begun to boot, so it is ended and started again.
    private static readonly string[] s_startAgainOnDemand =
    [
        "sh", "-c",
        """
        again=$1
        shift
        while :; do
          "$@" &
          kernel=$!
          trap 'kill -KILL -- "-$kernel" "$kernel"' TERM
          wait "$kernel"
          [ -e "$again" ] || exit
          rm "$again"
        done
        """,
        "sh",
    ];

    /// <inheritdoc/>
    protected override string Restart(string workFolder) => $"""
        : >'{Again(workFolder)}'
        busybox poweroff -f
        """;

    private static string Again(string workFolder) => Path.Combine(workFolder, "again");

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Command(string workFolder, string script, GuestOptions options) =>
        [
            .. options.Script.Contains("restart_guest", StringComparison.Ordinal) ? [.. s_startAgainOnDemand, Again(workFolder)] : Array.Empty<string>(),
            HostProgram.Find("linux.uml")!, $"mem={options.MemoryMebibytes}M",
            "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", $"init={Checkout.GuestInit}",
            "con=null", "con0=null,fd:2", "ssl0=null,fd:1",
            // At its end it removes what is below its own folder, so that is none with logs.
            $"uml_dir={Path.Combine(workFolder, "uml")}",
            .. options.Shares.Select(share => $"virtio_uml.device={share.Socket}:{FileSystemDevice}"),
            $"SCRIPT={script}", "OUTPUT=/dev/ttyS0", $"MODULES={Modules}",
        ];
}
