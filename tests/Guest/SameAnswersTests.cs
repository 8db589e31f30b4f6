using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>A program that asks a file system hundreds of questions gets the same answers on a share as on the host's own file system.</summary>
public sealed class SameAnswersTests
{
    private static readonly Dictionary<string, PassthroughOptions> s_policies = new()
    {
        ["auto"] = new PassthroughOptions { PreserveNoAccessTime = true },
        ["writeback"] = new PassthroughOptions { PreserveNoAccessTime = true, Cache = CachePolicy.Always, Writeback = true },
        ["never"] = new PassthroughOptions { PreserveNoAccessTime = true, Cache = CachePolicy.Never },
        ["other"] = new PassthroughOptions
        {
            PreserveNoAccessTime = true, PosixAcl = true, KillPrivileges = false, ReadDirectoryPlus = true, NegativeTimeout = TimeSpan.FromMinutes(1),
        },
    };

    // Guests of Linux 6.1 differ in these: they do not ask for the time of birth (before 6.6), do not tell us the group of the caller's
    // that owns a directory (before 6.3), and leave SGID alone where nobody of the group may execute (before 6.2).
    private static readonly string[] s_olderGuest =
        ["times: birth is told", "a user: mode of group/file", "privileges, a user: mode of not-executable"];

    // Without the guest's page cache there is nothing to map; with writeback the guest tells no holes, and keeps a file's times and the
    // place to append at to itself, which nobody can send later to a file that was made unchangeable. Listing thousands of files takes
    // a while, and does not depend on writeback.
    private static readonly Dictionary<string, string[]> s_leftOut = new()
    {
        ["never"] = ["mappings"],
        ["writeback"] = ["allocation", "flags", "directories"],
    };

    [Fact]
    public async Task A_share_answers_as_the_host_s_file_system_does_under_every_policy()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable();
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "The program changes users, which takes root on the host as well.");
        using TestFolder folder = new();
        string program = await GuestProgram.CompileAsync(folder, "same-answers");
        List<Share> shares = [];
        try
        {
            foreach ((string name, PassthroughOptions options) in s_policies)
            {
                shares.Add(Share.Start(new ShareOptions
                {
                    Path = folder.MakeShared(name), Tag = $"answers-{name}", SocketPath = folder.Socket(name), FileSystem = options,
                }));
            }

            GuestResult result = (await kernel.RunAsync(folder, new GuestOptions
            {
                Shares = [.. shares.Select(share => new GuestShare(share.Options.Tag, share.Options.SocketPath))],
                Script = string.Join('\n', s_policies.Keys.Select(name => $"""
                    {program} /run/shares/answers-{name} {LeftOut(name)} >/run/{name}
                    echo '<{name}>'
                    cat /run/{name}
                    """)),
            })).ShouldSucceed();

            foreach (string name in s_policies.Keys)
            {
                string expected = await HostProgram.RunAsync(program, [folder.MakeShared($"host-{name}"), .. s_leftOut.GetValueOrDefault(name, [])]);
                string answers = result.Output.Split($"<{name}>\n")[1].Split("\n<")[0];
                Assert.Equal([$"<{name}>", .. Compared(expected)], [$"<{name}>", .. Compared(answers)]);
            }
        }
        finally
        {
            shares.ForEach(share => share.Dispose());
        }
    }

    private static string LeftOut(string policy) => string.Join(' ', s_leftOut.GetValueOrDefault(policy, []));

    private static IEnumerable<string> Compared(string answers) =>
        answers.TrimEnd().Split('\n').Where(line => !s_olderGuest.Any(start => line.StartsWith(start, StringComparison.Ordinal)));
}
