namespace VirtioFs.Guest.Harness;

/// <summary>One share as a guest meets it; the guest mounts it at <c>/run/shares/TAG</c>.</summary>
/// <param name="Tag">The name under which the guest mounts it.</param>
/// <param name="Socket">Where the front end finds the back end.</param>
internal sealed record GuestShare(string Tag, string Socket)
{
    /// <summary>Request queues that the front end sets up. User-Mode Linux takes what the device offers.</summary>
    public int RequestQueues { get; init; } = 1;

    /// <summary>Options for the guest's mount command, or empty.</summary>
    public string MountOptions { get; init; } = "";
}
