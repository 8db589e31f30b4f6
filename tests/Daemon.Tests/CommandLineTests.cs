using System.Text.Json;
using VirtioFs.DeviceEngine.Options;

namespace VirtioFs.Daemon.Tests;

public sealed class CommandLineTests : IDisposable
{
    private const int WrongCommandLine = 2;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Help_lists_each_option()
    {
        (int exitCode, string output, _) = RunningProgram.Run("--help");
        Assert.Equal(0, exitCode);
        Assert.All(ShareOptionTable.All, option => Assert.Contains($"  {option.Name}", output));
        Assert.All(output.Split('\n'), line => Assert.True(line.Length <= 120, line));
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
        Assert.Equal(
            ["posix-acl-negotiation-mode", "security-label-negotiation-mode"],
            capabilities.RootElement.GetProperty("features").EnumerateArray().Select(feature => feature.GetString()));
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
    [InlineData("-o", "nonsense")]
    [InlineData("-o", "nonsense=1")]
    [InlineData("--cache")]
    [InlineData("--no-xattr=off")]
    public void What_it_does_not_know_is_an_error(params string[] extra) => AssertRefused(extra[0], extra);

    [Theory]
    [InlineData("--shared-dir", "/etc")]
    [InlineData("-o", "source=/etc")]
    [InlineData("--socket-path", "/tmp/other")]
    [InlineData("--socket", "/tmp/other")]
    [InlineData("--tag=b", "--tag=c")]
    [InlineData("--socket-mode=0600", "--socket-mode=0666")]
    [InlineData("--cache=never", "--cache=always")]
    [InlineData("--cache=never", "-o", "cache=always")]
    [InlineData("--readonly", "--readonly=off")]
    [InlineData("--xattr", "--no-xattr")]
    [InlineData("--xattrmap=:ok:all:::", "--xattrmap=:bad:all:::")]
    public void An_option_that_comes_twice_and_differs_is_an_error(params string[] extra) => AssertRefused("contradicts", extra);

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
    [InlineData("--uid-map=:0:1000:1:", "--translate-uid=map:0:1000:1")]
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
        Assert.Matches(@"\Avhost-user-fs: [^\n]*\.\n\z", errors);
        Assert.DoesNotContain("   at ", errors);
        Assert.False(File.Exists(_folder.Socket));
    }
}
