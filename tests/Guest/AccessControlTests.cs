using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Fuse.ExtendedAttributeNames;
using VirtioFs.Fuse.Identity;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>Access control lists, names of attributes and ids of owners as programs of a guest meet them.</summary>
public sealed class AccessControlTests
{
    [Fact]
    public async Task Access_control_lists_are_kept_inherited_and_judged_as_on_the_host()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable("setfacl", "setpriv", "perl");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "The script changes users, which takes root on the host as well.");
        using TestFolder folder = new();
        string script = Path.Combine(Checkout.Workloads, "acl.sh");
        string expected = await HostProgram.RunAsync("sh", script, folder.MakeShared("host"));
        Assert.Contains("4321 may not: cat file", expected, StringComparison.Ordinal);

        using Share with = StartShare(folder, "acl", new PassthroughOptions { PosixAcl = true });
        using Share without = StartShare(folder, "without-acl", new PassthroughOptions());
        GuestResult result = (await RunAsync(kernel, folder, [with, without], $"""
            sh {script} /run/shares/acl
            echo '<without-acl>'
            cd /run/shares/without-acl
            mkdir folder
            if setfacl -m d:u:4321:rwx folder 2>&1; then exit 1; fi
            """)).ShouldSucceed();

        string[] parts = result.Output.Split("<without-acl>\n");
        Assert.Equal(expected.Split('\n'), parts[0].TrimEnd().Split('\n'));
        Assert.Equal("setfacl: folder: Operation not supported\n", parts[1]);
        string[] names = ["file", "folder", "folder/inner", "folder/file", "folder/by-user", "moved"];
        Assert.Equal(
            await HostProgram.RunAsync("getfacl", ["-cn", .. names.Select(name => Path.Combine(folder.Path, "shared", "host", name))]),
            await HostProgram.RunAsync("getfacl", ["-cn", .. names.Select(name => Path.Combine(folder.Path, "shared", "acl", name))]));
    }

    [Fact]
    public async Task Attributes_are_renamed_and_hidden_and_owners_translated_as_the_rules_say()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable("setfattr", "setpriv");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has files of several owners.");
        using TestFolder folder = new();
        using Share mapped = StartShare(folder, "mapped", new PassthroughOptions
        {
            XattrMap = XattrMap.Parse(
                ":prefix:all:trusted.:user.virtiofs.:" + ":prefix:all:security.:user.virtiofs.:" + ":bad:client:user.virtiofs.::" + ":ok:all:::"),
        });
        using Share squashed = StartShare(folder, "squashed", new PassthroughOptions
        {
            UserIds = [IdRange.Parse("squash-guest:0:1001:65536"), IdRange.Parse("squash-host:0:0:4000000000")], GroupIds = [IdRange.Parse("map:100:2100:10")],
        });
        using Share forbidden = StartShare(folder, "forbidden", new PassthroughOptions
        {
            UserIds = [IdRange.Parse("guest:0:5000:10"), IdRange.Parse("forbid-guest:4000:1000"), IdRange.Parse("host:5000:0:10")],
        });
        GuestResult result = (await RunAsync(kernel, folder, [mapped, squashed, forbidden], """
            cd /run/shares/mapped
            echo >file
            setfattr -n trusted.t -v one file
            setfattr -n user.u -v two file
            setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 file
            setfattr -n user.virtiofs.x -v three file 2>/dev/null && exit 1
            getfattr -d -m - file | sort
            echo more >>file
            getfattr -n security.capability file 2>&1 | busybox grep -c 'No such attribute'
            cd /run/shares/squashed
            echo >file
            chgrp 105 file
            busybox stat -c 'squashed %u %g' file
            cd /run/shares/forbidden
            echo >file
            busybox stat -c 'forbidden %u' file
            chown 4321 file 2>/dev/null && exit 1
            chmod 777 .
            setpriv --reuid 4321 --clear-groups sh -c 'echo >other' 2>&1 | busybox grep -c 'not permitted'
            """)).ShouldSucceed();

        Assert.Contains("trusted.t=\"one\"\nuser.u=\"two\"\n1\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("squashed 0 105\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("forbidden 0\n1\n", result.Output, StringComparison.Ordinal);
        string attributes = await HostProgram.RunAsync("getfattr", "--absolute-names", "-d", "-m", "-", Path.Combine(mapped.Options.Path, "file"));
        Assert.Contains("user.u=\"two\"\nuser.virtiofs.trusted.t=\"one\"", attributes, StringComparison.Ordinal);
        Assert.DoesNotContain("capability", attributes, StringComparison.Ordinal);
        Assert.Equal("1001 2105", await HostProgram.RunAsync("stat", "-c", "%u %g", Path.Combine(squashed.Options.Path, "file")));
        Assert.Equal("5000", await HostProgram.RunAsync("stat", "-c", "%u", Path.Combine(forbidden.Options.Path, "file")));
    }

    private static Share StartShare(TestFolder folder, string name, PassthroughOptions options) =>
        Share.Start(new ShareOptions { Path = folder.MakeShared(name), Tag = name, SocketPath = folder.Socket(name), FileSystem = options });

    private static Task<GuestResult> RunAsync(UserModeLinux kernel, TestFolder folder, Share[] shares, string script) =>
        kernel.RunAsync(folder, new GuestOptions
        {
            Shares = [.. shares.Select(share => new GuestShare(share.Options.Tag, share.Options.SocketPath))],
            Script = script,
        });
}
