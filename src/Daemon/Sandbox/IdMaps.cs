using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using VirtioFs.Linux;

namespace VirtioFs.Daemon.Sandbox;

/// <summary>Tells the kernel which ids of a sandbox are which outside (<c>user_namespaces(7)</c>).</summary>
internal static class IdMaps
{
    /// <summary>Writes both maps. Root may write any; an ordinary user its own id alone, and newuidmap(1) and newgidmap(1) what <c>/etc/subuid</c> grants.</summary>
    /// <exception cref="IOException">A map is refused.</exception>
    internal static void Write(int process, SandboxSettings settings)
    {
        if (!settings.HasUsers)
        {
            return;
        }

        (uint user, uint group) = (SandboxProcess.UserId, SandboxProcess.GroupId);
        bool isRoot = Environment.IsPrivilegedProcess;
        string all = $"0 0 {uint.MaxValue}";
        bool maps = settings.MapsIds;
        WriteOne(process, "gid", settings.Groups, isRoot ? all : maps ? $"0 {group} 1" : $"{group} {group} 1", group);
        WriteOne(process, "uid", settings.Users, isRoot ? all : maps ? $"0 {user} 1" : $"{user} {user} 1", user);
    }

    private static void WriteOne(int process, string kind, IReadOnlyList<string> maps, string standard, uint own)
    {
        IReadOnlyList<string> lines = maps.Count > 0 ? maps : [standard];
        bool isOwn = lines is [var line] && line.Split(' ') is [_, var outside, "1"] && outside == own.ToString(CultureInfo.InvariantCulture);
        if (!Environment.IsPrivilegedProcess && !isOwn)
        {
            RunHelper($"new{kind}map", process, lines);
            return;
        }

        string folder = $"/proc/{process}";
        try
        {
            if (kind == "gid" && !Environment.IsPrivilegedProcess)
            {
                // Who maps a group without being privileged may leave no group (user_namespaces(7)).
                File.WriteAllText($"{folder}/setgroups", "deny");
            }

            File.WriteAllText($"{folder}/{kind}_map", string.Join('\n', lines) + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The sandbox's {kind} map '{string.Join(", ", lines)}' cannot be set: {e.Message}", e);
        }
    }

    private static void RunHelper(string program, int process, IReadOnlyList<string> lines)
    {
        try
        {
            using var helper = Process.Start(new ProcessStartInfo(
                program, [process.ToString(CultureInfo.InvariantCulture), .. lines.SelectMany(line => line.Split(' '))]) { RedirectStandardError = true })!;
            string errors = helper.StandardError.ReadToEnd().Trim();
            helper.WaitForExit();
            if (helper.ExitCode != 0)
            {
                throw new IOException($"{program} refused the map '{string.Join(", ", lines)}': {errors}. Grant the ids in /etc/subuid and /etc/subgid, or map others.");
            }
        }
        catch (Win32Exception)
        {
            throw new IOException($"{program} is needed to map more ids than one's own, and is not installed (Debian's package uidmap).");
        }
    }
}
