namespace VirtioFs.Guest.Harness;

/// <summary>A way to boot a real Linux kernel with virtio-fs devices on this machine.</summary>
internal abstract class GuestKernel
{
    /// <summary>What this machine lacks to boot such a kernel, as a sentence; null when nothing is missing.</summary>
    public abstract string? Missing { get; }

    /// <summary>Boots a kernel that mounts the shares and runs the script.</summary>
    /// <param name="folder">Where logs go.</param>
    /// <param name="options">The shares, the script and the limits.</param>
    public async Task<RunningGuest> StartAsync(TestFolder folder, GuestOptions options)
    {
        string workFolder = Directory.CreateDirectory(Path.Combine(folder.Path, options.Name)).FullName;
        string script = Path.Combine(workFolder, "script");
        await File.WriteAllTextAsync(script, ScriptFor(workFolder, options));
        return new RunningGuest(Command(workFolder, script, options), workFolder, options.TimeLimit);
    }

    /// <summary>Boots a guest and waits for its end.</summary>
    public async Task<GuestResult> RunAsync(TestFolder folder, GuestOptions options)
    {
        await using RunningGuest guest = await StartAsync(folder, options);
        return await guest.WaitForEndAsync();
    }

    /// <summary>Skips the running test where this kernel or one of the programs cannot be had.</summary>
    public void SkipTestUnlessAvailable(params IEnumerable<string> programs)
    {
        string? missing = Missing;
        Assert.SkipUnless(missing is null, missing ?? "");
        foreach (string program in programs)
        {
            Assert.SkipUnless(HostProgram.Find(program) is not null, $"{program} is not installed here.");
        }
    }

    /// <summary>The command that boots the kernel: the script's output is its standard output, the console its standard error.</summary>
    protected abstract IReadOnlyList<string> Command(string workFolder, string script, GuestOptions options);

    /// <summary>The folder of <see cref="Checkout.Workloads"/> as the guest sees it.</summary>
    protected abstract string WorkloadsInGuest { get; }

    /// <summary>Lines for the guest's shell that end the guest so that its kernel is started anew.</summary>
    protected virtual string Restart(string workFolder) => "busybox reboot -f";

    private string ScriptFor(string workFolder, GuestOptions options)
    {
        IEnumerable<string> mounts = options.Shares.Select(share =>
            $"""
            mkdir -p /run/shares/{share.Tag}
            busybox mount -t virtiofs -o rw{(share.MountOptions.Length > 0 ? "," + share.MountOptions : "")} {share.Tag} /run/shares/{share.Tag}
            """);
        return $$"""
            export WORKLOADS='{{WorkloadsInGuest}}'
            export HOST_SIGNS='{{workFolder}}'
            wait_for_host() {
              echo "waiting for the host: $1"
              until [ -e "$HOST_SIGNS/$1" ]; do sleep 0.1; done
            }
            restart_guest() {
              {{Restart(workFolder)}}
              sleep 60
            }
            {{string.Join('\n', mounts)}}
            SHARE=/run/shares/{{options.Shares[0].Tag}}
            cd "$SHARE"
            {{options.Script}}
            """;
    }
}
