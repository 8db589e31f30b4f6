namespace VirtioFs.Cmdlets;

/// <summary>Which event of a share.</summary>
internal enum ShareEventKind
{
    Connected,
    Disconnected,
    Faulted,
}
