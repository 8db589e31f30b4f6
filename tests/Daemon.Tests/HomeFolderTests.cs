using VirtioFs.Frontend;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Daemon.Tests;

/// <summary>An ordinary user's own folder in a sandbox, with ids that newuidmap(1) and newgidmap(1) grant.</summary>
public sealed class HomeFolderTests : IDisposable
{
    // Debian's "nobody": the helpers ask for the user's name.
    private const string User = "65534";
    private const uint UserId = 65534, FirstGranted = 200000, GuestUser = 1000;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Root_inside_owns_what_the_caller_owns_outside_and_others_are_the_granted_ids()
    {
        using RunningProgram program = Start($"{FirstGranted}:65536");
        Assert.Contains("sharing", program.ReadErrorLine());
        string child = File.ReadAllText($"/proc/{program.ProcessId}/task/{program.ProcessId}/children").Trim();
        foreach (string map in (string[])["uid_map", "gid_map"])
        {
            string[] words = File.ReadAllText($"/proc/{child}/{map}").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(["0", User, "1", "1", $"{FirstGranted}", "65536"], words);
        }

        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(_folder.Socket);
        Assert.Equal(0, guest.Fuse.Lookup(1, "mine", out FuseEntryOut mine));
        Assert.Equal((0u, 0u), (mine.Attr.UserId, mine.Attr.GroupId));
        Assert.Equal(0, guest.Fuse.Mknod(1, "made", 0x8180, 0, out FuseEntryOut made));
        Assert.Equal((UserId, UserId), Owner("made"));
        Assert.Equal(0, guest.Fuse.Setattr(made.NodeId, new FuseSetattrIn { Valid = 6, UserId = GuestUser, GroupId = GuestUser }, out _));
        Assert.Equal((FirstGranted + GuestUser - 1, FirstGranted + GuestUser - 1), Owner("made"));
        (guest.Fuse.Call.UserId, guest.Fuse.Call.GroupId) = (GuestUser, GuestUser);
        Assert.Equal(0, guest.Fuse.Mknod(1, "theirs", 0x8180, 0, out _));
        Assert.Equal((FirstGranted + GuestUser - 1, FirstGranted + GuestUser - 1), Owner("theirs"));
    }

    [Fact]
    public void Ids_that_are_not_granted_are_refused_with_what_to_do()
    {
        using RunningProgram program = Start("300000:10");
        string line = program.ReadErrorLine();
        Assert.Contains("newgidmap refused the map", line);
        Assert.Contains("/etc/subuid", line);
        Assert.Equal(1, program.WaitForExit());
    }

    /// <summary>As that user, where /etc/subuid and /etc/subgid of a mount namespace of its own grant some ids.</summary>
    private RunningProgram Start(string granted)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can become somebody else, and say which ids are granted.");
        string? missing = Array.Find((string[])["newuidmap", "newgidmap", "setpriv", "unshare"], name => LibvirtHost.FindProgram(name) is null);
        Assert.SkipWhen(missing is not null, $"{missing} is not installed.");
        string outside = Path.GetDirectoryName(_folder.Shared)!;
        string mine = Path.Combine(_folder.Shared, "mine"), ids = Path.Combine(outside, "ids");
        File.WriteAllText(mine, "text");
        File.WriteAllText(ids, $"nobody:{granted}\n");
        Array.ForEach([outside, _folder.Shared], path => File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111));
        File.SetUnixFileMode(mine, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (var chown = System.Diagnostics.Process.Start("chown", [$"{User}:{User}", _folder.Shared, mine]))
        {
            chown.WaitForExit();
        }

        const string Script = "touch /etc/subuid /etc/subgid && mount --bind \"$0\" /etc/subuid && mount --bind \"$0\" /etc/subgid && exec \"$@\"";
        return RunningProgram.Through(
            "unshare",
            "--mount", "--propagation=private", "sh", "-c", Script, ids,
            "setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups",
            RunningProgram.Executable, "--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, "--sandbox=namespace",
            "--uid-map", $":0:{User}:1:", "--uid-map", $":1:{FirstGranted}:65536:", "--gid-map", $":0:{User}:1:", "--gid-map", $":1:{FirstGranted}:65536:");
    }

    private (uint, uint) Owner(string name)
    {
        using var stat = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%u %g", Path.Combine(_folder.Shared, name)]) { RedirectStandardOutput = true })!;
        string[] ids = stat.StandardOutput.ReadToEnd().Split();
        return (uint.Parse(ids[0], System.Globalization.CultureInfo.InvariantCulture), uint.Parse(ids[1], System.Globalization.CultureInfo.InvariantCulture));
    }
}
