using System.Globalization;
using System.Management.Automation;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Writes a script that adds options which libvirt's XML cannot carry, and points a file system at it.</summary>
[Cmdlet(VerbsCommon.New, "VirtioFsWrapper", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class NewVirtioFsWrapperCommand : DomainCmdlet
{
    /// <summary>The script's path; libvirt wants an absolute one.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>The daemon: virtiofsd, or vhost-user-fs, which this module brings.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Program { get; set; }

    /// <summary>How the daemon names files: never, prefer or mandatory for file handles.</summary>
    [Parameter]
    [ValidateSet("never", "prefer", "mandatory")]
    public string? InodeFileHandles { get; set; }

    /// <summary>Shows the guest where file systems of the host begin.</summary>
    [Parameter]
    public SwitchParameter AnnounceSubmounts { get; set; }

    /// <summary>Lets the guest open files with O_DIRECT.</summary>
    [Parameter]
    public SwitchParameter AllowDirectIO { get; set; }

    /// <summary>Passes POSIX access control lists.</summary>
    [Parameter]
    public SwitchParameter PosixAcl { get; set; }

    /// <summary>Passes security labels.</summary>
    [Parameter]
    public SwitchParameter SecurityLabel { get; set; }

    /// <summary>Lets the guest hold writes back.</summary>
    [Parameter]
    public SwitchParameter Writeback { get; set; }

    /// <summary>How extended attributes are renamed, as virtiofsd's --xattrmap.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? XattrMap { get; set; }

    /// <summary>More options, each one word such as --log-level=debug.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Option { get; set; } = [];

    /// <summary>A domain of libvirt whose file systems are pointed at the script.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Domain", "Name")]
    [ArgumentCompleter(typeof(DomainNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? DomainName { get; set; }

    /// <summary>The tag of the domain's file system; all of its virtio-fs devices without a socket when left out.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Tag { get; set; }

    /// <summary>Replaces a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Try(Path, () =>
    {
        if (!TryGetFileSystemPath(Path, out string? path))
        {
            return;
        }

        DaemonWrapper wrapper = new(Program ?? OwnProgram(), [.. Options()]);
        using LibvirtDomain? domain = DomainName is null ? null : FindDomains(DomainName)[0];
        LibvirtTarget? target = domain is null ? null : new LibvirtTarget(domain);
        Change[] changes = target is null ? [] : PointAt(target.Definition, path);
        string script = wrapper.Script.TrimEnd('\n').Replace("\n", " | ", StringComparison.Ordinal);
        string pointing = target is null ? string.Empty : $", and point the {target.Description} at it: {string.Join("; ", changes.Select(change => change.ToString()))}";
        string action = $"{(File.Exists(path) ? "Replace" : "Write")} the script '{path}' ({script}){pointing}";
        if (!ShouldProcess($"{action}.", $"{action}?", "Write a wrapper"))
        {
            return;
        }

        Write(wrapper, path, target);
        WriteObject(new FileInfo(path));
    });

    /// <summary>The script and the definition change together: when libvirt refuses, the script is as it was.</summary>
    private void Write(DaemonWrapper wrapper, string path, LibvirtTarget? target)
    {
        byte[]? old = File.Exists(path) ? File.ReadAllBytes(path) : null;
        wrapper.Save(path, Force);
        try
        {
            target?.Commit();
        }
        catch (LibvirtXmlException)
        {
            if (old is null)
            {
                File.Delete(path);
            }
            else
            {
                File.WriteAllBytes(path, old);
            }

            throw;
        }
    }

    private Change[] PointAt(Domain domain, string path)
    {
        LibvirtXml.FileSystem[] devices = Tag is null
            ? [.. domain.FileSystems.Where(fileSystem => fileSystem.IsVirtioFs && fileSystem.SourceSocket is null)]
            : [domain.GetFileSystem(Tag)];
        if (devices.Length == 0)
        {
            throw new DomainRuleException(
                "FileSystemNotFound",
                $"The domain '{domain}' has no virtio-fs device whose daemon libvirt starts, so there is nothing to point at a wrapper. Add one with Add-VMFileSystem -Source.");
        }

        return [.. devices.SelectMany(device => domain.SetFileSystem(device, device with { BinaryPath = path }).Changes)];
    }

    private IEnumerable<string> Options()
    {
        if (InodeFileHandles is not null)
        {
            yield return $"--inode-file-handles={InodeFileHandles.ToLower(CultureInfo.InvariantCulture)}";
        }

        foreach ((SwitchParameter isGiven, string option) in ((SwitchParameter, string)[])
            [
                (AnnounceSubmounts, "--announce-submounts"), (AllowDirectIO, "--allow-direct-io"), (PosixAcl, "--posix-acl"),
                (SecurityLabel, "--security-label"), (Writeback, "--writeback"),
            ])
        {
            if (isGiven)
            {
                yield return option;
            }
        }

        if (XattrMap is not null)
        {
            yield return $"--xattrmap={XattrMap}";
        }

        foreach (string option in Option)
        {
            yield return option;
        }
    }

    private static string OwnProgram() =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(typeof(NewVirtioFsWrapperCommand).Assembly.Location)!, "bin", "vhost-user-fs");
}
