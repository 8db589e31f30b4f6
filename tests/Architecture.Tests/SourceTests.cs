namespace VirtioFs.Architecture.Tests;

/// <summary>What holds for every source.</summary>
public sealed class SourceTests
{
    private const int MostLines = 350, MostFiles = 20;

    // What was larger when the rules were made. A figure here may become smaller, never larger.
    private static readonly Dictionary<string, int> s_larger = new()
    {
        ["src/DeviceEngine/Queues"] = 24,
        ["src/DeviceEngine/Shares"] = 32,
        ["src/DeviceEngine/Shares/ShareControl.cs"] = 364,
    };

    private static IEnumerable<string> All => Structure.Projects.SelectMany(row => row).SelectMany(SourceTree.Files);

    [Fact]
    public void No_source_is_longer_than_350_lines()
    {
        string[] wrong = [.. All.Where(file => SourceTree.Lines(file).Length > s_larger.GetValueOrDefault(file, MostLines))];
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_folder_has_more_than_20_sources()
    {
        string[] wrong =
        [
            .. All.CountBy(file => Path.GetDirectoryName(file)!)
                .Where(folder => folder.Value > s_larger.GetValueOrDefault(folder.Key, MostFiles))
                .Select(folder => $"{folder.Key}: {folder.Value}"),
        ];
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_source_is_divided_by_banners()
    {
        string[] wrong = [.. All.Where(file => SourceTree.Lines(file).Any(line => line.TrimStart().StartsWith("// --", StringComparison.Ordinal)))];
        Assert.Empty(wrong);
    }

    [Fact]
    public void Namespaces_of_the_device_engine_follow_folders()
    {
        string[] wrong =
        [
            .. SourceTree.Files("DeviceEngine")
                .Where(file => !SourceTree.Lines(file).Contains($"namespace VirtioFs.DeviceEngine.{SourceTree.FolderOf(file)};")),
        ];
        Assert.Empty(wrong);
    }
}
