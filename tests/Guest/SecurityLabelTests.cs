using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.ExtendedAttributeNames;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>Labels of a guest with SELinux. It has no policy, and so one label for everything, which it gives to what it makes all the same.</summary>
public sealed class SecurityLabelTests
{
    private const string Label = "security.selinux=\"unlabeled";

    [Fact]
    public async Task Whatever_a_guest_with_SELinux_makes_has_its_label_from_the_beginning()
    {
        QemuGuest kernel = new();
        kernel.SkipTestUnlessAvailable("getfattr", "perl");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root sets security labels.");
        using TestFolder folder = new();
        string shared = folder.MakeShared("labelled"), renamed = folder.MakeShared("renamed"), plain = folder.MakeShared("unlabelled");
        using Share labelledShare = Start("labelled", shared, new PassthroughOptions { SecurityLabel = true });
        using Share renamedShare = Start("renamed", renamed, new PassthroughOptions
        {
            SecurityLabel = true, XattrMap = XattrMap.Parse(":prefix:all:security.:trusted.virtiofs.:" + ":ok:all:::"),
        });
        using Share plainShare = Start("unlabelled", plain, new PassthroughOptions());
        (await kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [.. ((Share[])[labelledShare, renamedShare, plainShare]).Select(share => new GuestShare(share.Options.Tag, share.Options.SocketPath))],
            KernelArguments = "security=selinux selinux=1",
            Script = """
                for share in labelled renamed unlabelled; do
                  cd /run/shares/$share
                  echo >file
                  mkdir folder
                  ln -s file link
                  mkfifo fifo
                  perl -e 'sysopen(my $file, ".", 020200002, 0600) or die $!;
                    my ($from, $to) = ("/proc/self/fd/" . fileno($file), "nameless");
                    syscall(265, -100, $from, -100, $to, 0x400) == 0 or die $!'
                done
                """,
        })).ShouldSucceed();

        foreach (string name in (string[])["file", "folder", "link", "fifo", "nameless"])
        {
            Assert.Contains(Label, await AttributesAsync(shared, name), StringComparison.Ordinal);
            Assert.Contains($"trusted.virtiofs.{Label}", await AttributesAsync(renamed, name), StringComparison.Ordinal);
            Assert.DoesNotContain("selinux", await AttributesAsync(plain, name), StringComparison.Ordinal);
        }

        Share Start(string tag, string path, PassthroughOptions options) =>
            Share.Start(new ShareOptions { Path = path, Tag = tag, SocketPath = folder.Socket(tag), FileSystem = options });
    }

    private static Task<string> AttributesAsync(string folder, string name) =>
        HostProgram.RunAsync("getfattr", "--absolute-names", "-h", "-d", "-m", "-", Path.Combine(folder, name));
}
