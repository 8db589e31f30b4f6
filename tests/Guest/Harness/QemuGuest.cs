using System.Globalization;

namespace VirtioFs.Guest.Harness;

/// <summary>
/// Debian's cloud kernel in QEMU: with KVM where that runs ordinary kernels, else with QEMU's own translation, which needs
/// about three seconds to boot. Its root is an initial RAM disk with busybox and the programs that the script names.
/// </summary>
internal sealed class QemuGuest : GuestKernel
{
    private static readonly Lazy<string?> s_missing = new(() =>
    {
        try
        {
            HostProgram.RunAsync(Checkout.GuestTool, "check").GetAwaiter().GetResult();
            return null;
        }
        catch (InvalidOperationException error)
        {
            return $"No QEMU guest can be made here. {error.Message}";
        }
    });

    /// <inheritdoc/>
    public override string? Missing => s_missing.Value;

    /// <inheritdoc/>
    protected override string WorkloadsInGuest => "/guest";

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Command(string workFolder, string script, GuestOptions options)
    {
        List<string> command =
        [
            Checkout.GuestTool, "boot", "--script", script, "--files", Checkout.Workloads,
            "--memory", options.MemoryMebibytes.ToString(CultureInfo.InvariantCulture),
        ];
        foreach (string program in options.Programs)
        {
            command.AddRange(["--program", program]);
        }

        foreach (GuestShare share in options.Shares)
        {
            command.AddRange(
                ["--queues", share.RequestQueues.ToString(CultureInfo.InvariantCulture), "--share", $"{share.Tag}={share.Socket}"]);
        }

        if (options.Script.Contains("restart_guest", StringComparison.Ordinal))
        {
            command.Add("--reboots");
        }

        return command;
    }
}
