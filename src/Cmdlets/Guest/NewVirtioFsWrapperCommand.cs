using System.Globalization;
using System.Management.Automation;
using VirtioFs.DeviceEngine;
using VirtioFs.DeviceEngine.Options;
using VirtioFs.LibvirtXml;

namespace VirtioFs.Cmdlets;

/// <summary>Writes a script that adds options which libvirt's XML cannot carry, and points a file system at it.</summary>
[Cmdlet(VerbsCommon.New, "VirtioFsWrapper", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class NewVirtioFsWrapperCommand : DomainCmdlet
{
    private const string ProgramName = "vhost-user-fs";

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

        string[] options = [.. Options()];
        DaemonWrapper wrapper = new(Program ?? OwnProgram(), options);
        RequireKnownOptions(options);
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
                $"The domain '{domain}' has no virtio-fs device whose daemon libvirt starts, so there is nothing to point at a wrapper. Add one with Add-VMFileSystem -Source.",
                ErrorKind.NotFound);
        }

        return [.. devices.SelectMany(device => domain.SetFileSystem(device, device with { BinaryPath = path }).Changes)];
    }

    /// <summary>The options as words that virtiofsd and our own executable both know: the table of options writes them.</summary>
    private IEnumerable<string> Options()
    {
        (string Name, string? Value)[] given =
        [
            ("--inode-file-handles", InodeFileHandles?.ToLower(CultureInfo.InvariantCulture)), ("--announce-submounts", Text(AnnounceSubmounts)),
            ("--allow-direct-io", Text(AllowDirectIO)), ("--posix-acl", Text(PosixAcl)), ("--security-label", Text(SecurityLabel)),
            ("--writeback", Text(Writeback)), ("--xattrmap", XattrMap),
        ];
        return [.. given.Where(option => option.Value is not null).Select(option => ShareOptionTable.Get(option.Name).ToWord(option.Value!)), .. Option];
    }

    private static string? Text(SwitchParameter value) => value.IsPresent ? OptionText.On : null;

    /// <summary>Our own executable is asked for nothing that it would refuse when libvirt starts it.</summary>
    private void RequireKnownOptions(string[] options)
    {
        if (Program is not null && System.IO.Path.GetFileName(Program) != ProgramName)
        {
            return;
        }

        ShareOptions share = new() { Path = "/", Tag = "any", SocketPath = "/any" };
        foreach (GivenOption option in CommandWords.Read(options))
        {
            share = option.Option.Set(share, option.Value);
        }

        try
        {
            share.Validate();
        }
        catch (ArgumentException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static string OwnProgram() =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(typeof(NewVirtioFsWrapperCommand).Assembly.Location)!, "bin", ProgramName);
}
