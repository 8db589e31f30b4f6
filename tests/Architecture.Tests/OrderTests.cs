using System.Xml.Linq;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;

namespace VirtioFs.Architecture.Tests;

/// <summary>References point down only, as <see cref="Structure"/> says.</summary>
public sealed class OrderTests
{
    public static TheoryData<string> OrderedProjects => [.. Structure.Folders.Keys];

    [Fact]
    public void Projects_reference_only_what_is_below_them()
    {
        List<string> wrong = [];
        for (int row = 0; row < Structure.Projects.Length; row++)
        {
            string[] below = [.. Structure.Projects[..row].SelectMany(names => names)];
            foreach (string project in Structure.Projects[row])
            {
                wrong.AddRange(References(project).Except(below).Select(known => $"{project} -> {known}"));
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_project_has_a_place_in_the_order()
    {
        IEnumerable<string> projects = Directory.EnumerateDirectories(System.IO.Path.Combine(SourceTree.Root, "src")).Select(path => System.IO.Path.GetFileName(path));
        Assert.Equal(Structure.Projects.SelectMany(row => row).Order(StringComparer.Ordinal), projects.Order(StringComparer.Ordinal));
    }

    /// <summary>A folder is that of the source that has a type's name. The name of a constant leaves no trace in what is looked at here.</summary>
    [Theory]
    [MemberData(nameof(OrderedProjects))]
    public void Types_know_only_the_folders_below_theirs(string project)
    {
        Dictionary<string, string> folders = SourceTree.FoldersOfTypes(project);
        ArchUnitNET.Domain.Architecture architecture = new ArchLoader().LoadAssemblies(System.Reflection.Assembly.Load($"VirtioFs.{project}")).Build();
        SortedSet<string> wrong = new(StringComparer.Ordinal);
        foreach (IType type in architecture.Types)
        {
            foreach (IType known in type.Dependencies.Select(dependency => dependency.Target))
            {
                if (folders.TryGetValue(SourceName(type), out string? folder) && folders.TryGetValue(SourceName(known), out string? knownFolder)
                    && Structure.Objection(project, folder, knownFolder) is string why)
                {
                    _ = wrong.Add($"{SourceName(type)} -> {SourceName(known)}: {why}.");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>References of the compiled code above do not show it where only a comment or the name of a constant needs it.</summary>
    [Theory]
    [MemberData(nameof(OrderedProjects))]
    public void Usings_name_only_the_folders_below(string project)
    {
        string own = $"VirtioFs.{project}.";
        List<string> wrong = [];
        foreach (string file in SourceTree.Files(project))
        {
            foreach (string line in SourceTree.Lines(file).TakeWhile(line => !line.StartsWith("namespace ", StringComparison.Ordinal)))
            {
                string name = line.Split(' ')[^1].TrimEnd(';');
                if (line.StartsWith("using ", StringComparison.Ordinal) && name.StartsWith(own, StringComparison.Ordinal)
                    && Structure.Objection(project, SourceTree.FolderOf(file), FolderNamed(project, name[own.Length..])) is string why)
                {
                    wrong.Add($"{file}: {line} {why}.");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Namespaces_follow_folders()
    {
        List<string> wrong = [];
        foreach (string project in Structure.Projects.SelectMany(row => row))
        {
            foreach (string file in SourceTree.Files(project))
            {
                string folder = Structure.WithOneNamespace.Contains(project) ? "" : SourceTree.FolderOf(file);
                string expected = $"namespace VirtioFs.{project}{(folder.Length > 0 ? "." : "")}{folder};";
                string? space = SourceTree.Lines(file).FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
                if (space is not null && space != expected)
                {
                    wrong.Add($"{file}: {space}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>The folder of a namespace; the type is taken off the name of one.</summary>
    private static string FolderNamed(string project, string name) =>
        Structure.Folders[project].SelectMany(row => row).Where(folder => name == folder || name.StartsWith(folder + ".", StringComparison.Ordinal)).MaxBy(folder => folder.Length) ?? name;

    /// <summary>The outermost type's name with its namespace, without what tells generic types apart.</summary>
    private static string SourceName(IType type) => type.FullName.Split('+', '/', '`', '<')[0];

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(System.IO.Path.Combine(SourceTree.Root, "src", project, $"VirtioFs.{project}.csproj"))
            .Descendants("ProjectReference")
            .Select(reference => reference.Attribute("Include")!.Value.Split('/')[^2]);
}
