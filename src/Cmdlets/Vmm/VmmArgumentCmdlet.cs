using System.Collections;
using System.Globalization;
using System.Management.Automation;
using VirtioFs.LibvirtXml;
using VirtioFs.LibvirtXml.Vmm;

namespace VirtioFs.Cmdlets;

/// <summary>A cmdlet that makes a monitor's arguments from domains or from shares.</summary>
public abstract class VmmArgumentCmdlet : SelectingCmdlet
{
    /// <summary>The parameter set of a share.</summary>
    protected const string ShareSet = "Share";

    private int _shares;

    /// <summary>A share of Start-VirtioFsShare: the arguments of its device alone are made.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ShareSet)]
    [ArgumentCompleter(typeof(ShareObjectCompleter))]
    [ValidateNotNull]
    public VirtioFsShareInfo? Share { get; set; }

    /// <summary>The entries of each virtqueue of a share's device: a power of two up to 1024.</summary>
    [Parameter(ParameterSetName = ShareSet)]
    [ArgumentCompleter(typeof(QueueSizeCompleter))]
    public int QueueSize { get; set; }

    /// <summary>Sockets by tag, for file systems whose XML names a directory; the shares of this process are found without it.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable Socket { get; set; } = [];

    /// <summary>Emits one line, quoted for a shell, in place of one text an argument.</summary>
    [Parameter]
    public SwitchParameter AsCommandLine { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Share is null)
        {
            base.ProcessRecord();
            return;
        }

        LibvirtXml.FileSystems.FileSystem device = new()
        {
            Tag = Share.Tag,
            SourceSocket = Share.Socket,
            QueueSize = IsGiven(nameof(QueueSize)) ? QueueSize : DeviceQueueSize.Of(Share.QueueSize),
        };
        Try(Share.Tag, () => Write(Convert(device, _shares++)));
    }

    private protected override void Process(DomainTarget target) => Try(target.Definition.Name, () => Write(Convert(target.Definition)));

    private protected abstract VmmArguments Convert(Domain domain);

    private protected abstract VmmArguments Convert(LibvirtXml.FileSystems.FileSystem device, int index);

    /// <summary>The sockets that were given, and those of the user's shares.</summary>
    private protected Dictionary<string, string> ReadSockets()
    {
        Dictionary<string, string> sockets = RunningShares.ListOwn()
            .GroupBy(share => share.Options.Tag)
            .ToDictionary(shares => shares.Key, shares => shares.First().Options.SocketPath);
        foreach (DictionaryEntry entry in Socket)
        {
            sockets[System.Convert.ToString(entry.Key, CultureInfo.InvariantCulture)!] = System.Convert.ToString(entry.Value, CultureInfo.InvariantCulture)!;
        }

        return sockets;
    }

    private void Write(VmmArguments arguments)
    {
        WriteWarnings(arguments.Warnings);
        if (AsCommandLine)
        {
            WriteObject(arguments.CommandLine);
            return;
        }

        WriteObject(arguments.Arguments, enumerateCollection: true);
    }
}
