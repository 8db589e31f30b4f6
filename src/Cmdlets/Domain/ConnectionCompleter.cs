using System.Collections;

namespace VirtioFs.Cmdlets;

/// <summary>Completes libvirt's usual connection URIs.</summary>
public sealed class ConnectionCompleter : LiveValueCompleter
{
    /// <inheritdoc/>
    protected override IEnumerable<LiveValue> FindValues(IDictionary boundParameters) =>
    [
        new("qemu:///system", "The machines of this host"),
        new("qemu:///session", "The machines of this user"),
        new("qemu+ssh://", "The machines of another host, over ssh: qemu+ssh://root@host/system"),
        new("test:///default", "libvirt's test driver: no hypervisor, nothing is kept"),
    ];
}
