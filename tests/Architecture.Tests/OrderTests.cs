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

    /// <summary>The outermost type's name with its namespace, without what tells generic types apart.</summary>
    private static string SourceName(IType type) => type.FullName.Split('+', '/', '`', '<')[0];

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(System.IO.Path.Combine(SourceTree.Root, "src", project, $"VirtioFs.{project}.csproj"))
            .Descendants("ProjectReference")
            .Select(reference => reference.Attribute("Include")!.Value.Split('/')[^2]);
}
