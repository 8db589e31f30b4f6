using VirtioFs.DeviceEngine.Shares;

namespace VirtioFs.DeviceEngine.Options;

/// <summary>
/// The one table of options. The executable's command line and help, the wrapper scripts and the tables of docs/options.md come from it;
/// tests hold the parameters of Start-VirtioFsShare and the properties of <see cref="ShareOptions"/> against it.
/// </summary>
public static class ShareOptionTable
{
    /// <summary>What a share is, where its socket lies, and its device.</summary>
    public static IReadOnlyList<ShareOption> Device { get; } = DeviceOptions.All;

    /// <summary>How the directory is passed on.</summary>
    public static IReadOnlyList<ShareOption> FileSystem { get; } = FileSystemOptions.All;

    /// <summary>What the executable alone has.</summary>
    public static IReadOnlyList<ShareOption> Program { get; } = ProgramOptions.All;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ShareOption> All { get; } = [.. Device, .. FileSystem, .. Program];

    /// <summary>The option of this name, such as <c>--cache</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public static ShareOption Get(string name) =>
        All.FirstOrDefault(option => option.Name == name) ?? throw new KeyNotFoundException($"There is no option '{name}'.");
}
