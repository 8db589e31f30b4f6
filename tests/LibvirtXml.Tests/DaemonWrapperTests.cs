using VirtioFs.LibvirtXml.Wrappers;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class DaemonWrapperTests
{
    [Fact]
    public void The_guides_wrapper()
    {
        DaemonWrapper wrapper = new("/opt/virtiofsd-rust/virtiofsd.sh", ["--inode-file-handles=mandatory", "--announce-submounts"]);

        Assert.Equal(
            "#!/bin/sh\nexec /opt/virtiofsd-rust/virtiofsd.sh --inode-file-handles=mandatory --announce-submounts \"$@\"\n",
            wrapper.Script);
    }

    [Fact]
    public void The_script_hands_every_word_over_as_it_is()
    {
        using TemporaryFolder folder = new();
        string program = folder.Write("a daemon's $HOME", "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string path = Path.Combine(folder.Path, "wrapper.sh");

        new DaemonWrapper(program, ["--xattrmap=:map::user.it's \"$(id)\":", "--log-level", "debug", "-o", "a b"]).Save(path);
        (int exitCode, string output) = Tool.Run(path, ["--fd=31", "--shared-dir", "/with blank"]);

        Assert.Equal(0, exitCode);
        Assert.Equal("--xattrmap=:map::user.it's \"$(id)\":\n--log-level\ndebug\n-o\na b\n--fd=31\n--shared-dir\n/with blank\n", output);
        Assert.Equal("755", Convert.ToString((int)File.GetUnixFileMode(path), 8));
    }

    [Theory]
    [InlineData("--fd=3")]
    [InlineData("--socket-path=/s")]
    [InlineData("--shared-dir")]
    [InlineData("--print-capabilities")]
    public void Options_that_libvirt_gives_are_refused(string option) =>
        Assert.Equal("ReservedWrapperOption", Assert.Throws<DomainRuleException>(() => new DaemonWrapper("/bin/d", [option])).ErrorId);

    [Fact]
    public void A_relative_program_a_stray_word_and_a_file_that_is_there_are_refused()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("there", "x");

        Assert.Equal("RelativeBinary", Assert.Throws<DomainRuleException>(() => new DaemonWrapper("virtiofsd", [])).ErrorId);
        Assert.Equal("InvalidWrapperOption", Assert.Throws<DomainRuleException>(() => new DaemonWrapper("/bin/d", ["stray"])).ErrorId);
        Assert.Equal("WrapperExists", Assert.Throws<DomainRuleException>(() => new DaemonWrapper("/bin/d", []).Save(path)).ErrorId);
        new DaemonWrapper("/bin/d", []).Save(path, overwrite: true);
        Assert.StartsWith("#!/bin/sh", File.ReadAllText(path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_is_taken_back_as_if_it_had_not_been_written()
    {
        using TemporaryFolder folder = new();
        string old = folder.Write("old", "old");
        string added = Path.Combine(folder.Path, "new");

        new DaemonWrapper("/bin/d", []).Save(old, overwrite: true)();
        new DaemonWrapper("/bin/d", []).Save(added)();

        Assert.Equal("old", File.ReadAllText(old));
        Assert.False(File.Exists(added));
    }
}
