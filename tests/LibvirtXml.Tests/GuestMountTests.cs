using System.Text.Json;
using VirtioFs.LibvirtXml.Guest;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class GuestMountTests
{
    public static TheoryData<string, string> Awkward => new()
    {
        { "myfs", "/mnt" },
        { "my share", "/mnt/my share" },
        { "it's", "/mnt/it's \"here\"" },
        { "a\\b", "/mnt/back\\slash" },
        { "größe", "/mnt/größe" },
        { "a#tag", "/mnt/a-b/.hidden" },
        { "$(reboot)", "/mnt/`id`;ls" },
        { "100%", "/mnt/%n%%" },
        { "a -o", "/mnt/-dash" },
        { "😀", "/mnt/😀/日本" },
    };

    [Fact]
    public void The_guides_mount_command()
    {
        Assert.Equal("mount -t virtiofs myfs mount_dir/".Replace("mount_dir/", "/mount_dir/", StringComparison.Ordinal), new GuestMount("myfs", "/mount_dir/").Command);
        Assert.Equal("mount -t virtiofs share /mnt/share/", new GuestMount("share", "/mnt/share/").Command);
        Assert.Equal("mount_tag /mnt virtiofs defaults 0 0", new GuestMount("mount_tag", "/mnt").FstabLine);
        Assert.Equal("t /mnt virtiofs ro,noatime,nofail 0 0", new GuestMount("t", "/mnt", readOnly: true, ["noatime"], noFail: true).FstabLine);
        Assert.Equal("mount -t virtiofs -o ro,noatime t /mnt", new GuestMount("t", "/mnt", readOnly: true, ["noatime"], noFail: true).Command);
    }

    [Theory]
    [MemberData(nameof(Awkward))]
    public void A_shell_reads_the_command_as_it_was_meant(string tag, string mountPoint)
    {
        (_, string output) = Tool.Run("/bin/sh", ["-c", "mount() { printf '%s\\n' \"$@\"; }\n" + new GuestMount(tag, mountPoint).Command]);

        string[] expected = tag.StartsWith('-') ? ["-t", "virtiofs", "--", tag, mountPoint] : ["-t", "virtiofs", tag, mountPoint];
        Assert.Equal(expected, output.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [MemberData(nameof(Awkward))]
    public void Libmount_reads_the_fstab_line_as_it_was_meant(string tag, string mountPoint)
    {
        string findmnt = Tool.Require("findmnt", "util-linux");
        using TemporaryFolder folder = new();
        string table = folder.Write("fstab", new GuestMount(tag, mountPoint).FstabLine + "\n");

        (int exitCode, string output) = Tool.Run(findmnt, ["--tab-file", table, "--json", "--output", "SOURCE,TARGET,FSTYPE", "--types", "virtiofs"]);

        Assert.Equal(0, exitCode);
        JsonElement found = JsonDocument.Parse(output).RootElement.GetProperty("filesystems")[0];
        Assert.Equal((tag, mountPoint), (found.GetProperty("source").GetString(), found.GetProperty("target").GetString()));
    }

    [Theory]
    [MemberData(nameof(Awkward))]
    public void The_units_name_is_what_systemd_escape_says(string tag, string mountPoint)
    {
        string escape = Tool.Require("systemd-escape", "systemd");
        GuestMount mount = new(tag, mountPoint);

        (int exitCode, string output) = Tool.Run(escape, ["--path", "--suffix=mount", "--", mountPoint]);

        Assert.Equal(0, exitCode);
        Assert.Equal(output.TrimEnd('\n'), mount.SystemdUnitName);
    }

    [Theory]
    [MemberData(nameof(Awkward))]
    public void Systemd_accepts_the_unit(string tag, string mountPoint)
    {
        string analyze = Tool.Require("systemd-analyze", "systemd");
        using TemporaryFolder folder = new();
        GuestMount mount = new(tag, mountPoint, readOnly: true);
        string unit = folder.Write(mount.SystemdUnitName, mount.SystemdUnit);

        (int exitCode, string output) = Tool.Run(analyze, ["verify", "--man=no", unit]);

        Assert.SkipWhen(output.Contains("Failed to initialize manager", StringComparison.Ordinal), "systemd-analyze does not work on this machine: " + output);
        Assert.True(exitCode == 0 && !output.Contains("Where=", StringComparison.Ordinal), output + mount.SystemdUnit);
    }

    [Fact]
    public void The_unit_names_what_where_and_type()
    {
        Assert.Equal("mnt-my\\x20share.mount", new GuestMount("100%", "/mnt/my share/").SystemdUnitName);
        Assert.Equal("-.mount", new GuestMount("root", "/").SystemdUnitName);
        Assert.Equal(
            "[Unit]\nDescription=virtio-fs share 100%%\n\n[Mount]\nWhat=100%%\nWhere=/mnt/my share\nType=virtiofs\nOptions=noatime\n\n[Install]\nWantedBy=multi-user.target\n",
            new GuestMount("100%", "/mnt//my share/", options: ["noatime"]).SystemdUnit);
    }

    [Fact]
    public void Cloud_init_gets_a_mounts_entry_or_a_unit_where_it_would_rewrite_the_tag()
    {
        Assert.Equal("#cloud-config\nmounts:\n  - [ \"myfs\", \"/mnt/my\\\\040share\", \"virtiofs\", \"defaults\", \"0\", \"0\" ]\n", new GuestMount("myfs", "/mnt/my share").CloudInit);
        foreach (string tag in new[] { "vdb", "sda1", "my.share", "a b", "ephemeral0", "host:path" })
        {
            string data = new GuestMount(tag, "/mnt").CloudInit;
            Assert.StartsWith("#cloud-config\nwrite_files:\n", data, StringComparison.Ordinal);
            Assert.Contains("\"/etc/systemd/system/mnt.mount\"", data, StringComparison.Ordinal);
            Assert.Contains("systemctl, enable, --now", data, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Awkward))]
    public void Ignition_is_json_with_the_unit_in_it(string tag, string mountPoint)
    {
        GuestMount mount = new(tag, mountPoint);

        JsonElement unit = JsonDocument.Parse(mount.Ignition).RootElement.GetProperty("systemd").GetProperty("units")[0];

        Assert.Equal(mount.SystemdUnitName, unit.GetProperty("name").GetString());
        Assert.Equal(mount.SystemdUnit, unit.GetProperty("contents").GetString());
        Assert.True(unit.GetProperty("enabled").GetBoolean());
    }

    [Theory]
    [InlineData("t", "relative", "InvalidMountPoint")]
    [InlineData("t", "/mnt/..", "InvalidMountPoint")]
    [InlineData("t", "/mnt/../etc", "InvalidMountPoint")]
    [InlineData("t", "/mnt/\0", "InvalidText")]
    [InlineData("t\0", "/mnt", "InvalidText")]
    [InlineData("LABEL=root", "/mnt", "TagNotMountable")]
    [InlineData("UUID=1", "/mnt", "TagNotMountable")]
    [InlineData("", "/mnt", "TagEmpty")]
    [InlineData("0123456789012345678901234567890123456", "/mnt", "TagTooLong")]
    public void What_no_guest_could_mount_is_refused(string tag, string mountPoint, string errorId) =>
        Assert.Equal(errorId, Assert.Throws<DomainRuleException>(() => new GuestMount(tag, mountPoint)).ErrorId);

    [Fact]
    public void Half_a_character_is_refused() =>
        Assert.Equal("InvalidText", Assert.Throws<DomainRuleException>(() => new GuestMount("t\uD83D", "/mnt")).ErrorId);

    [Theory]
    [InlineData("a\nb")]
    [InlineData("#tag")]
    [InlineData("-a")]
    [InlineData(" blank")]
    [InlineData("back\\")]
    public void What_fstab_and_systemd_cannot_carry_is_refused_there_alone(string tag)
    {
        GuestMount mount = new(tag, "/mnt");

        Assert.Equal("NotForFstab", Assert.Throws<DomainRuleException>(() => mount.FstabLine).ErrorId);
        Assert.Contains("/mnt", mount.Command, StringComparison.Ordinal);
        if (tag != "#tag")
        {
            Assert.Equal("NotForSystemd", Assert.Throws<DomainRuleException>(() => mount.SystemdUnit).ErrorId);
            Assert.Equal("NotForSystemd", Assert.Throws<DomainRuleException>(() => mount.CloudInit).ErrorId);
        }
    }

    [Fact]
    public void A_mount_point_too_long_for_a_units_name_is_refused_there_alone()
    {
        Assert.Equal(255, new GuestMount("t", "/" + new string('a', 249)).SystemdUnitName.Length);
        GuestMount mount = new("t", "/" + new string('a', 250));

        Assert.Equal("NotForSystemd", Assert.Throws<DomainRuleException>(() => mount.SystemdUnitName).ErrorId);
        Assert.Contains("aaa", mount.FstabLine, StringComparison.Ordinal);
        Assert.Equal("InvalidMountOption", Assert.Throws<DomainRuleException>(() => new GuestMount("t", "/m", options: ["a,b"])).ErrorId);
    }

    [Theory]
    [InlineData("share", "/mnt/share")]
    [InlineData("a/../../etc", "/mnt/a-..-..-etc")]
    [InlineData("/", "/mnt/-")]
    [InlineData("...", "/mnt/...")]
    [InlineData("my share", "/mnt/my share")]
    public void Without_a_mount_point_the_share_stays_below_mnt(string tag, string mountPoint) =>
        Assert.Equal(mountPoint, GuestMount.DefaultMountPoint(tag));

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    public void A_tag_that_is_no_folders_name_needs_a_mount_point(string tag)
    {
        Assert.Equal("MountPointMissing", Assert.Throws<DomainRuleException>(() => GuestMount.DefaultMountPoint(tag)).ErrorId);
        Assert.Equal("mount -t virtiofs " + tag + " /mnt/dots", new GuestMount(tag, "/mnt/dots").Command);
    }

    [Theory]
    [MemberData(nameof(Awkward))]
    public void Cloud_inits_reader_takes_the_text_as_it_was_meant(string tag, string mountPoint)
    {
        string python = Tool.Require("python3", "python3-yaml");
        GuestMount mount = new(tag, mountPoint);
        string[] expected = mount.CloudInit.Contains("\nmounts:", StringComparison.Ordinal)
            ? [tag, mount.FstabLine.Split(' ')[1]]
            : [$"/etc/systemd/system/{mount.SystemdUnitName}", mount.SystemdUnit];

        (int exitCode, string output) = Tool.Run(python, ["-c", ReadCloudInit], mount.CloudInit);

        Assert.SkipWhen(output.Contains("No module named", StringComparison.Ordinal), "PyYAML is not installed (package python3-yaml).");
        Assert.Equal(0, exitCode);
        Assert.Equal(expected, JsonSerializer.Deserialize<string[]>(output));
    }

    private const string ReadCloudInit = """
        import json, sys, yaml
        data = yaml.safe_load(sys.stdin.buffer.read().decode("utf-8"))
        found = data["mounts"][0][:2] if "mounts" in data else [data["write_files"][0]["path"], data["write_files"][0]["content"]]
        print(json.dumps([text.encode("utf-8").decode("utf-8") for text in found]))
        """;
}
