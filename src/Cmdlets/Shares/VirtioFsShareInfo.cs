using VirtioFs.DeviceEngine;

namespace VirtioFs.Cmdlets;

/// <summary>A share as it was at one moment. The share itself lives on in the process; its <see cref="Id"/> finds it.</summary>
public sealed partial class VirtioFsShareInfo
{
    internal VirtioFsShareInfo(Share share)
    {
        _options = share.Options;
        Id = share.Id;
        Tag = share.Options.Tag;
        State = share.State;
        Path = share.Options.Path;
        Socket = share.Options.SocketPath;
        Guest = share.Guest is { } guest ? new VirtioFsGuestInfo(guest) : null;
        Started = share.StartedAt;
        Reason = share.FaultReason;
    }

    /// <summary>Names the share in this process. An id is never used again.</summary>
    public int Id { get; }

    /// <summary>The name by which a guest mounts the share.</summary>
    public string Tag { get; }

    /// <summary>Whether the share waits for a guest, serves one, was stopped, or failed.</summary>
    public ShareState State { get; }

    /// <summary>The shared directory.</summary>
    public string Path { get; }

    /// <summary>The UNIX socket that a virtual machine's monitor connects to.</summary>
    public string Socket { get; }

    /// <summary>Who is connected; null when nobody is.</summary>
    public VirtioFsGuestInfo? Guest { get; }

    /// <summary>When the share was started.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>Why the share failed; null when it has not.</summary>
    public string? Reason { get; }

    /// <summary>The tag.</summary>
    public override string ToString() => Tag;
}
