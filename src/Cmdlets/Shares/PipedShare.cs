using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using VirtioFs.DeviceEngine.Options;

namespace VirtioFs.Cmdlets;

/// <summary>
/// An object that came down the pipeline to be shared: a path, a file, a share, or a record of a table. Where an option of it did not reach its
/// parameter, or a property is almost the name of one, it is not shared: an option may be there for safety.
/// </summary>
internal sealed class PipedShare
{
    // The executable's names are no parameters, but who writes one means the option.
    private static readonly Dictionary<string, string> s_executableNames = ShareOptionTable.Device.Concat(ShareOptionTable.FileSystem)
        .SelectMany(option => option.Spellings.Select(spelling => spelling.Word).Append(option.Name), (option, word) => KeyValuePair.Create(Plain(word), option.Parameter!))
        .Concat([new("uidmap", "UserIdMap"), new("gidmap", "GroupIdMap")])
        .DistinctBy(name => name.Key)
        .ToDictionary();

    private readonly PSObject _object;

    internal PipedShare(PSObject value) => _object = value;

    /// <summary>The path, and whether its wildcard characters stand for themselves.</summary>
    internal bool TryGetPath([NotNullWhen(true)] out string? path, out bool isLiteral)
    {
        isLiteral = false;
        path = _object.BaseObject as string;
        if (path is not null)
        {
            return true;
        }

        // Of the module's own objects only a share stands for a directory to share. The paths of others are those of a domain's XML, of libvirt's
        // settings, or of what a guest uses.
        if (IsOfModule && !IsShare)
        {
            return false;
        }

        path = Value("LiteralPath") ?? Value("PSPath");
        isLiteral = path is not null;
        path ??= Value("Path");
        // A path that was told by a share is one, whatever characters it has.
        isLiteral |= path is not null && System.IO.Path.Exists(path);
        return path is not null;
    }

    private bool IsShare => IsNamed(typeof(VirtioFsShareInfo).FullName!);

    private bool IsOfModule => IsNamed(typeof(VirtioFsShareInfo).Namespace + ".");

    // Objects that came back over remoting, from a job or from Clixml have the name of their type behind a word.
    private bool IsNamed(string beginning) => _object.TypeNames.Any(
        name => name.StartsWith(beginning, StringComparison.Ordinal) || name.StartsWith($"Deserialized.{beginning}", StringComparison.Ordinal));

    /// <summary>What keeps the object from being shared as it says, as a sentence; null when nothing does.</summary>
    /// <param name="parameters">The parameters that are options, by their names and aliases.</param>
    /// <param name="bound">The parameters that have a value.</param>
    internal string? DescribeLoss(IReadOnlyDictionary<string, string> parameters, IReadOnlyDictionary<string, object> bound)
    {
        if (_object.BaseObject is string)
        {
            return null;
        }

        bool isRecord = _object.BaseObject is PSCustomObject;
        foreach (PSPropertyInfo property in _object.Properties)
        {
            if (parameters.TryGetValue(property.Name, out string? parameter))
            {
                if (!bound.ContainsKey(parameter) && !OptionArgumentAttribute.IsEmpty(ValueOf(property)))
                {
                    return $"Its property {property.Name}, '{ValueOf(property)}', is not a value of the parameter -{parameter}.";
                }
            }
            else if (isRecord && !IsOfShare(property.Name) && FindAlike(property.Name, parameters) is { } alike && !OptionArgumentAttribute.IsEmpty(ValueOf(property)))
            {
                return $"Its property '{property.Name}' is not an option of a share, but looks like -{alike}.";
            }
        }

        return null;
    }

    private static bool IsOfShare(string name) => typeof(VirtioFsShareInfo).GetProperty(name) is not null || name is "LiteralPath" or "PSPath";

    private static string? FindAlike(string name, IReadOnlyDictionary<string, string> parameters)
    {
        string plain = Plain(name);
        if (s_executableNames.TryGetValue(plain, out string? option))
        {
            return option;
        }

        foreach ((string known, string parameter) in parameters)
        {
            if (WordDistance.Between(plain, Plain(known)) <= (known.Length < 6 ? 1 : 2))
            {
                return parameter;
            }
        }

        return null;
    }

    // read_only, Read-Only and "read only" are ways to write ReadOnly.
    private static string Plain(string name) => new([.. name.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant)]);

    private string? Value(string name) => _object.Properties[name] is { } property && !OptionArgumentAttribute.IsEmpty(ValueOf(property))
        ? ValueOf(property)!.ToString()
        : null;

    private static object? ValueOf(PSPropertyInfo property)
    {
        try
        {
            return property.Value;
        }
        catch (GetValueInvocationException)
        {
            return null;
        }
    }
}
