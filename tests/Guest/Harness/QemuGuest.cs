using System.Globalization;

namespace VirtioFs.Guest.Harness;

/// <summary>
/// Debian's cloud kernel in QEMU: with KVM where that runs ordinary kernels, else with QEMU's own translation, which needs
/// about three seconds to boot. Its root is an initial RAM disk with busybox and the programs that the script names.
/// </summary>
/// <param name="suite">The Debian suite of the kernel, such as <c>sid</c>; null for the one that this machine runs.</param>
internal sealed class QemuGuest(string? suite = null) : GuestKernel
{
    /// <inheritdoc/>
    public override string? Missing
    {
        get
        {
            try
            {
                HostProgram.RunAsync(Checkout.GuestTool, ["check", .. suite is null ? Array.Empty<string>() : [suite]]).GetAwaiter().GetResult();
                return null;
            }
            catch (InvalidOperationException error)
            {
                return $"No QEMU guest can be made here. {error.Message}";
            }
        }
    }

    /// <inheritdoc/>
    protected override string WorkloadsInGuest => "/guest";

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Command(string workFolder, string script, GuestOptions options)
    {
        List<string> command =
        [
            Checkout.GuestTool, "boot", "--script", script, "--files", Checkout.Workloads,
            "--memory", options.MemoryMebibytes.ToString(CultureInfo.InvariantCulture),
            "--processors", options.Processors.ToString(CultureInfo.InvariantCulture),
            "--kernel", options.KernelArguments,
        ];
        if (suite is not null)
        {
            command.AddRange(["--suite", suite]);
        }

        foreach (string program in options.Programs)
        {
            command.AddRange(["--program", program]);
        }

        foreach (GuestShare share in options.Shares)
        {
            command.AddRange(
                ["--queues", share.RequestQueues.ToString(CultureInfo.InvariantCulture), "--share", $"{share.Tag}={share.Socket}"]);
        }

        if (options.FirmwareImage is not null)
        {
            command.AddRange(["--uefi", options.FirmwareImage]);
        }

        if (options.Monitor is not null)
        {
            command.AddRange(["--monitor", options.Monitor]);
        }

        if (options.Script.Contains("restart_guest", StringComparison.Ordinal))
        {
            command.Add("--reboots");
        }

        return command;
    }
}
