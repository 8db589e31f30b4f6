using System.Globalization;
using System.Management.Automation;
using VirtioFs.DeviceEngine.Options;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Changes;
using VirtioFs.LibvirtXml.Connection;
using VirtioFs.LibvirtXml.Wrappers;

namespace VirtioFs.Cmdlets;

/// <summary>Writes a script that adds options which libvirt's XML cannot carry, and points a file system at it.</summary>
[Cmdlet(VerbsCommon.New, "VirtioFsWrapper", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class NewVirtioFsWrapperCommand : DomainCmdlet
{
    private const string ProgramName = "vhost-user-fs";
    private const string FileSystemSet = "FileSystem";

    private readonly List<(DomainTarget Target, Func<Domain, LibvirtXml.FileSystems.FileSystem[]> Select)> _pointed = [];

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

    /// <summary>Domains of libvirt whose file systems are pointed at the script: names with wildcards, or a UUID.</summary>
    [Parameter(ParameterSetName = NameSet)]
    [Alias("Domain", "Name")]
    [ArgumentCompleter(typeof(DomainNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string? DomainName { get; set; }

    /// <summary>A domain of libvirt as an object; it is found again by its UUID and connection.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [DomainXml]
    [ValidateNotNull]
    public VMDomain? InputObject { get; set; }

    /// <summary>A device from Get-VMFileSystem; it is pointed at the script where it was read from.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = FileSystemSet)]
    [ValidateNotNull]
    public VMFileSystem? FileSystem { get; set; }

    /// <summary>The tag of the domain's file system; all of its virtio-fs devices without a socket when left out.</summary>
    [Parameter(ParameterSetName = NameSet)]
    [Parameter(ParameterSetName = InputObjectSet)]
    [ValidateNotNullOrEmpty]
    public string? Tag { get; set; }

    /// <summary>Replaces a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (FileSystem is not null)
        {
            LibvirtXml.FileSystems.FileSystem device = FileSystem.Device;
            Try(FileSystem.DomainName, () => _pointed.Add((TargetOf(FileSystem), domain => [domain.GetFileSystem(device)])));
            return;
        }

        foreach (VMDomain given in InputObject is null ? [] : Read(InputObject))
        {
            Try(given.Name, () => _pointed.Add((TargetOf(FindDomain(given)), Named)));
        }
    }

    /// <inheritdoc/>
    /// <remarks>There is one script for all domains, so it is written when all are known.</remarks>
    protected override void EndProcessing() => Try(DomainName ?? Path, () =>
    {
        if (!TryGetFileSystemPath(Path, out string? path))
        {
            return;
        }

        if (DomainName is not null)
        {
            foreach (LibvirtDomain domain in FindNamed(DomainName))
            {
                _pointed.Add((TargetOf(domain), Named));
            }
        }

        if ((MyInvocation.ExpectingInput || ParameterSetName != NameSet) && _pointed.Count == 0)
        {
            return;
        }

        string[] options = [.. Options()];
        RequireKnownOptions(options);
        DaemonWrapper wrapper = new(Program ?? OwnProgram(), options);
        Change[][] changes = [.. _pointed.Select(pointed => pointed.Target.Apply(domain => PointAt(domain, pointed.Select(domain), path)).Changes.ToArray())];
        string script = wrapper.Script.TrimEnd('\n').Replace("\n", " | ", StringComparison.Ordinal);
        IEnumerable<string> pointing = _pointed.Zip(changes, (pointed, change) => $", and point the {pointed.Target.Description} at it: {string.Join("; ", (object[])change)}");
        bool exists = Await($"Looking at '{path}'", () => File.Exists(path));
        if (Confirms(path, $"{(exists ? "Replace" : "Write")} the script '{path}' ({script}){string.Concat(pointing)}", "Write a wrapper"))
        {
            WriteWarnings(Await($"Writing '{path}'", () => Write(wrapper, path)));
            WriteFile(path);
        }
    });

    /// <summary>Devices of one domain change one definition.</summary>
    private DomainTarget TargetOf(VMFileSystem device)
    {
        DomainTarget target = Again(device.Origin);
        return _pointed.Select(pointed => pointed.Target).FirstOrDefault(known => known.Description == target.Description) ?? target;
    }

    private IReadOnlyList<LibvirtDomain> FindNamed(string name)
    {
        IReadOnlyList<LibvirtDomain> found = FindDomains(name);
        return found.Count > 0
            ? found
            : throw new DomainRuleException("DomainNotFound", $"No domain matches '{name}'. Get-VMDomain lists those that are there.");
    }

    /// <summary>The script and the definitions change together: when one cannot, all are as they were.</summary>
    private List<Advice> Write(DaemonWrapper wrapper, string path)
    {
        List<Advice> warnings = [];
        UndoSteps.Run(undo =>
        {
            undo.Add($"the script '{path}' was written", wrapper.Save(path, Force, Cancellation));
            warnings.AddRange(wrapper.Warnings);
            foreach (DomainTarget target in _pointed.Select(pointed => pointed.Target).Distinct())
            {
                warnings.AddRange(target.Commit(Cancellation));
                undo.Add($"the {target.Description} was pointed at it", target.TakeBack);
            }
        });
        return warnings;
    }

    private LibvirtXml.FileSystems.FileSystem[] Named(Domain domain) => Tag is null
        ? [.. domain.FileSystems.Where(fileSystem => fileSystem.IsVirtioFs && fileSystem.SourceSocket is null)]
        : [domain.GetFileSystem(Tag)];

    private static ChangeResult PointAt(Domain domain, LibvirtXml.FileSystems.FileSystem[] devices, string path)
    {
        if (devices.Length == 0)
        {
            throw new DomainRuleException(
                "FileSystemNotFound",
                $"The domain '{domain}' has no virtio-fs device whose daemon libvirt starts, so there is nothing to point at a wrapper. Add one with Add-VMFileSystem -Source.",
                ErrorKind.NotFound);
        }

        return new ChangeResult([.. devices.SelectMany(device => domain.SetFileSystem(device, device with { BinaryPath = path }).Changes)], []);
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
