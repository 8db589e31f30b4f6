using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Mono.Unix;

namespace VirtioFs.Cmdlets;

/// <summary>A group of the host, by its name or its number.</summary>
internal static class UnixGroupName
{
    /// <summary>Finds the group's number; the name wins where a group is named like a number.</summary>
    internal static bool TryResolve(string group, [NotNullWhen(true)] out uint? groupId)
    {
        groupId = Find(group) ?? (uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null);
        return groupId is not null;
    }

    private static uint? Find(string name)
    {
        try
        {
            return (uint)new UnixGroupInfo(name).GroupId;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
