using CsCheck;
using VirtioFs.LibvirtXml.FileSystems;
using VirtioFs.LibvirtXml.Guest;
using VirtioFs.LibvirtXml.Vmm;
using VirtioFs.LibvirtXml.Wrappers;

namespace VirtioFs.LibvirtXml.Tests;

public sealed class CommandLineProperties
{
    private const string Separator = "\u0001";

    [Theory]
    [InlineData("/bin/sh")]
    [InlineData("/bin/bash")]
    public void A_shell_takes_each_word_as_it_is(string shell)
    {
        Assert.SkipUnless(File.Exists(shell), $"{shell} is not installed.");
        Gen.Frequency((4, Texts.Any), (1, Texts.AnyPath), (1, Gen.Const(string.Empty))).Array[200].Sample(
            words =>
            {
                (int exitCode, string output) = Tool.Run(shell, ["-c", $"printf '%s{Separator}' {ShellText.Join(words)}"]);

                Assert.Equal(0, exitCode);
                Assert.Equal(words, output.Split(Separator)[..^1]);
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void A_wrapper_is_a_script_that_hands_its_words_over()
    {
        using TemporaryFolder folder = new();
        string program = folder.Write("show", $"#!/bin/sh\nprintf '%s{Separator}' \"$@\"\n");
        File.SetUnixFileMode(program, (UnixFileMode)Convert.ToInt32("755", 8));
        string wrapper = Path.Combine(folder.Path, "wrapper");
        Texts.Any.Array[20].Sample(
            words =>
            {
                string[] options = [.. words.Select(word => "--x=" + word)];
                new DaemonWrapper(program, options).Save(wrapper, overwrite: true);

                Assert.Equal(0, Tool.Run("/bin/sh", ["-n", wrapper]).ExitCode);
                Assert.Equal([.. options, "--fd=3"], Tool.Run(wrapper, ["--fd=3"]).Output.Split(Separator)[..^1]);
            },
            iter: 5,
            threads: 1);
    }

    [Fact]
    public void The_options_of_qemu_come_apart_into_what_was_put_together() =>
        Gen.Select(Texts.Tag, Texts.Path).Sample(
            (tag, socket) =>
            {
                IReadOnlyList<string> arguments = QemuArguments.From(new FileSystem { Tag = tag, SourceSocket = socket }).Arguments;

                Assert.Equal(socket, OptionsOf(arguments[1])["path"]);
                Assert.Equal(tag, OptionsOf(arguments[3])["tag"]);
                Assert.Equal(4, arguments.Count);
            },
            iter: 3_000);

    [Fact]
    public void Qemu_itself_connects_to_the_socket_that_is_meant()
    {
        string qemu = Tool.Require("qemu-system-x86_64", "qemu-system-x86");
        using TemporaryFolder folder = new();
        Texts.Tag.Where(name => name is not ("." or "..") && System.Text.Encoding.UTF8.GetByteCount(name) + folder.Path.Length < 100).Sample(
            name =>
            {
                string path = Path.Combine(folder.Path, name);
                using System.Net.Sockets.Socket socket = new(
                    System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
                socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
                socket.Listen(1);
                string[] arguments = [.. QemuArguments.From(new FileSystem { Tag = "t", SourceSocket = path }).Arguments];

                (int exitCode, string output) = Tool.Run(
                    qemu, ["-machine", "none", "-nodefaults", "-display", "none", .. arguments[..2], "-monitor", "stdio"], "quit\n");

                Assert.True(exitCode == 0, output);
                Assert.True(socket.Poll(0, System.Net.Sockets.SelectMode.SelectRead), $"QEMU connected elsewhere than to '{path}'.");
                socket.Dispose();
                File.Delete(path);
            },
            iter: 5,
            threads: 1);
    }

    /// <summary>QEMU's way of taking options apart (`opts_parse`, `get_opt_value`): a doubled comma is one of the value.</summary>
    private static Dictionary<string, string> OptionsOf(string argument)
    {
        Dictionary<string, string> options = [];
        int position = argument.IndexOf(',', StringComparison.Ordinal) + 1;
        while (position < argument.Length)
        {
            int equals = argument.IndexOf('=', position);
            int end = equals + 1;
            while (end < argument.Length && (argument[end] != ',' || (end + 1 < argument.Length && argument[end + 1] == ',')))
            {
                end += argument[end] == ',' ? 2 : 1;
            }

            options.Add(argument[position..equals], argument[(equals + 1)..end].Replace(",,", ",", StringComparison.Ordinal));
            position = end + 1;
        }

        return options;
    }
}
