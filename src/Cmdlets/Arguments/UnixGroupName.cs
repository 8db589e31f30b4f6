using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using VirtioFs.Linux;

namespace VirtioFs.Cmdlets;

/// <summary>A group of the host, by its name or its number.</summary>
internal static class UnixGroupName
{
    /// <summary>Finds the group's number; the name wins where a group is named like a number.</summary>
    internal static bool TryResolve(string group, [NotNullWhen(true)] out uint? groupId)
    {
        groupId = UnixGroup.Find(group) ?? (uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null);
        return groupId is not null;
    }

    /// <summary>The group's name, or its number where it has none.</summary>
    internal static string Of(uint groupId) => UnixGroup.FindName(groupId) ?? groupId.ToString(CultureInfo.InvariantCulture);
}
