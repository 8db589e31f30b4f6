using System.Text.Json;

namespace VirtioFs.Daemon.Tests;

public sealed class CommandLineTests : IDisposable
{
    private const int WrongCommandLine = 2;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Help_lists_the_options()
    {
        (int exitCode, string output, _) = RunningProgram.Run("--help");
        Assert.Equal(0, exitCode);
        Assert.All(["--shared-dir", "--socket-path", "--tag", "--fd", "--socket-group", "--print-capabilities"], option => Assert.Contains(option, output));
    }

    [Fact]
    public void Version_is_printed()
    {
        (int exitCode, string output, _) = RunningProgram.Run("--version");
        Assert.Equal(0, exitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", output);
    }

    [Fact]
    public void Capabilities_are_the_JSON_that_libvirt_reads()
    {
        (int exitCode, string output, _) = RunningProgram.Run("--print-capabilities");
        Assert.Equal(0, exitCode);
        using var capabilities = JsonDocument.Parse(output);
        Assert.Equal("fs", capabilities.RootElement.GetProperty("type").GetString());
        Assert.Contains("separate-options", capabilities.RootElement.GetProperty("features").EnumerateArray().Select(feature => feature.GetString()));
    }

    [Fact]
    public void No_options_at_all_are_explained()
    {
        (int exitCode, string output, string errors) = RunningProgram.Run();
        Assert.Equal(WrongCommandLine, exitCode);
        Assert.Empty(output);
        Assert.Contains("--shared-dir", errors);
        Assert.Contains("--help", errors);
    }

    [Theory]
    [InlineData("--nonsense")]
    [InlineData("stray")]
    [InlineData("@/etc/passwd")]
    [InlineData("-o", "source=/etc")]
    public void What_it_does_not_know_is_an_error(params string[] extra) => AssertRefused(extra[0], extra);

    [Theory]
    [InlineData("--shared-dir", "/etc")]
    [InlineData("--socket-path", "/tmp/other")]
    [InlineData("--tag=b", "--tag=c")]
    [InlineData("--socket-mode=0600", "--socket-mode=0666")]
    [InlineData("--cache=never", "--cache=always")]
    [InlineData("--readonly", "--readonly")]
    [InlineData("--xattrmap=:ok:all:::", "--xattrmap=:ok:all:::")]
    public void An_option_that_comes_twice_is_an_error(params string[] extra) => AssertRefused(extra[0].Split('=')[0], extra);

    [Theory]
    [InlineData("--socket-mode", "999")]
    [InlineData("--socket-mode", "rw")]
    [InlineData("--socket-mode", "07777")]
    [InlineData("--socket-group", "no such group")]
    [InlineData("--request-queues", "many")]
    [InlineData("--cache", "sometimes")]
    [InlineData("--inode-file-handles", "perhaps")]
    [InlineData("--translate-uid", "all:0:1:1")]
    [InlineData("--translate-gid", "map:0:1")]
    [InlineData("--xattrmap", ":pass:all:::", "'pass'")]
    public void A_value_without_sense_is_an_error_that_names_it(string option, string value, string? named = null) =>
        AssertRefused(named ?? value, option, value);

    [Theory]
    [InlineData("--queue-size", "1000")]
    [InlineData("--request-queues", "0")]
    [InlineData("--tag", "a tag of many more than thirty-six bytes")]
    public void A_value_that_the_device_refuses_is_an_error_that_names_it(string option, string value) => AssertRefused(value, option, value);

    [Theory]
    [InlineData("--writeback", "--cache=never")]
    [InlineData("--posix-acl", "--no-xattr")]
    [InlineData("--posix-acl", "--translate-uid=map:0:1000:1")]
    public void Options_that_do_not_go_together_are_an_error(string first, string second)
    {
        (int exitCode, _, string errors) =
            RunningProgram.Run("--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, first, second);
        Assert.Equal(WrongCommandLine, exitCode);
        Assert.DoesNotContain("   at ", errors);
        Assert.False(File.Exists(_folder.Socket));
    }

    [Fact]
    public void A_socket_path_and_a_descriptor_together_are_an_error() => AssertRefused("--fd", "--fd", "3");

    [Fact]
    public void A_directory_that_does_not_exist_is_an_error_that_names_it()
    {
        (int exitCode, _, string errors) = RunningProgram.Run("--shared-dir", "/no/such/directory", "--socket-path", _folder.Socket);
        Assert.Equal(1, exitCode);
        Assert.Contains("/no/such/directory", errors);
        Assert.False(File.Exists(_folder.Socket));
    }

    [Fact]
    public void A_file_where_the_socket_would_be_is_left_alone()
    {
        File.WriteAllText(_folder.Socket, "precious");
        (int exitCode, _, string errors) = RunningProgram.Run("--shared-dir", _folder.Shared, "--socket-path", _folder.Socket);
        Assert.Equal(1, exitCode);
        Assert.Contains(_folder.Socket, errors);
        Assert.Equal("precious", File.ReadAllText(_folder.Socket));
    }

    private void AssertRefused(string named, params string[] extra)
    {
        (int exitCode, string output, string errors) =
            RunningProgram.Run(["--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, .. extra]);
        Assert.Equal(WrongCommandLine, exitCode);
        Assert.Empty(output);
        Assert.Contains(named, errors);
        Assert.DoesNotContain("   at ", errors);
        Assert.False(File.Exists(_folder.Socket));
    }
}
