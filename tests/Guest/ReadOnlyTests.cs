using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>A share that cannot be changed, mounted for writing by a guest's root.</summary>
public sealed class ReadOnlyTests
{
    private const string Script = """
        refused() {
          if "$@" 2>/run/said; then echo "Not refused: $*"; exit 1; fi
          busybox grep -q 'Read-only file system' /run/said || { echo "$*: $(cat /run/said)"; exit 1; }
        }
        perl_refused() { refused perl -MFcntl -e "$1 or die \$!"; }
        refused sh -c 'echo >>file'
        refused sh -c ': >file'
        refused chmod 600 file
        refused chown 1 file
        refused touch -a file
        refused touch -d 2001-01-01 file
        refused truncate -s 0 file
        refused fallocate -l 100 file
        refused fallocate -p -l 100 file
        refused cp file new
        refused setfattr -n user.x -v y file
        refused setfattr -x user.kept file
        refused chattr +i file
        perl_refused "sysopen(my \$f, 'file', O_RDWR)"
        perl_refused "sysopen(my \$f, 'file', O_RDONLY | O_TRUNC)"
        refused mkdir new
        refused rmdir folder
        refused rm -f file
        refused mv file new
        refused mv folder new
        refused ln file new
        refused ln -s file new
        refused mkfifo new
        refused mknod new c 1 3
        refused touch new
        refused setfacl -m u:1:r file
        perl_refused "sysopen(my \$f, '.', O_RDWR | 020200000, 0600)"
        perl_refused "my (\$a, \$b) = qw(file other); syscall(316, -100, \$a, -100, \$b, 2) == 0"
        cat file folder/file
        ls -l . folder >/dev/null
        getfattr -n user.kept file
        lsattr file >/dev/null
        readlink link
        (flock -x 9) 9<file
        busybox sync -f file
        """;

    [Fact]
    public async Task Nothing_that_a_guest_s_root_tries_changes_anything()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable("setfattr", "getfattr", "setfacl", "lsattr", "chattr", "perl", "fallocate", "flock");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        Directory.CreateDirectory(Path.Combine(shared, "folder"));
        foreach (string path in (string[])[Path.Combine(shared, "file"), Path.Combine(shared, "other"), Path.Combine(shared, "folder", "file")])
        {
            await File.WriteAllTextAsync(path, "content\n", TestContext.Current.CancellationToken);
            await HostProgram.RunAsync("setfattr", "-n", "user.kept", "-v", "here", path);
            await HostProgram.RunAsync("touch", "-a", "-d", "2001-01-01", path);
        }

        await HostProgram.RunAsync("ln", "-s", "file", Path.Combine(shared, "link"));
        string before = await DescribeAsync(shared);
        using Share share = Share.Start(new ShareOptions
        {
            Path = shared, Tag = "write-protected", SocketPath = folder.Socket("write-protected"), FileSystem = new PassthroughOptions { ReadOnly = true },
        });
        (await kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [new GuestShare(share.Options.Tag, share.Options.SocketPath)],
            Script = Script,
        })).ShouldSucceed();

        Assert.Equal(before, await DescribeAsync(shared));
    }

    // Looking here is an access to folders itself, and reading a link always is one.
    private static async Task<string> DescribeAsync(string path) =>
        await HostProgram.RunAsync("find", path, "-printf", "%P %M %U %G %s %t %c\n", "-type", "f", "-printf", "%A+\n")
        + await HostProgram.RunAsync("getfattr", "--absolute-names", "-R", "-d", "-m", "-", path);
}
