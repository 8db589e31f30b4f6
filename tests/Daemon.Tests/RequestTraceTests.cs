using System.Text.RegularExpressions;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Daemon.Tests;

/// <summary>The lines of <c>--log-level trace</c>.</summary>
public sealed class RequestTraceTests : IDisposable
{
    private const uint CreateAndTruncate = 0x242;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("none")]
    [InlineData("namespace")]
    public void Each_request_has_one_line_with_its_result_and_no_byte_of_a_file(string sandbox)
    {
        Assert.SkipUnless(sandbox == "none" || Environment.IsPrivilegedProcess, "It takes root.");
        using RunningProgram program = Start("trace", $"--sandbox={sandbox}", "--seccomp=kill");
        using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(_folder.Socket))
        {
            guest.Fuse.Call.ProcessId = 77;
            Assert.Equal(-Errno.ENOENT, guest.Fuse.Lookup(1, "a\"b\n\u001b[2J\u202e", out FuseEntryOut _));
            Assert.Equal(0, guest.Fuse.Create(1, "made", CreateAndTruncate, 0x180, out FuseCreateOut made));
            Assert.Equal(6, guest.Fuse.Write(made.Entry.NodeId, made.Open.Handle, 0, "secret"u8));
            Assert.Equal(6, guest.Fuse.Read(made.Entry.NodeId, made.Open.Handle, 0, 6));
            Assert.Equal(0, guest.Fuse.Rename(1, "made", 1, "moved"));
        }

        List<string> lines = ReadUntil(program, line => line.Contains("opcode=Rename", StringComparison.Ordinal));
        string[] requests = [.. lines.Where(line => line.Contains("request unique=", StringComparison.Ordinal))];
        Assert.All(requests, line => Assert.Matches("request unique=[0-9]+ opcode=[A-Za-z0-9]+\\([0-9]+\\) node=[0-9]+ .*pid=[0-9]+ result=[A-Z]+ (bytes=[0-9]+ )?microseconds=[0-9]+\\.[0-9]$", line));
        Assert.Equal(["Initialize", "Lookup", "Create", "Write", "Read", "Rename"], requests.Select(line => Regex.Match(line, "opcode=([A-Za-z0-9]+)").Groups[1].Value));
        Assert.Contains("node=1 name=\"a\\\"b\\u{a}\\u{1b}[2J\\u{202e}\" pid=77 result=ENOENT", requests[1]);
        Assert.Contains("result=OK bytes=6 ", requests[3]);
        Assert.Contains("result=OK bytes=6 ", requests[4]);
        Assert.Contains("name=\"made\" new-name=\"moved\" pid=77 result=OK", requests[5]);
        Assert.DoesNotContain(lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public void A_busy_minute_has_all_its_lines()
    {
        const int Count = 500;
        using RunningProgram program = Start("trace");
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(_folder.Socket);
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        int seen = 0;
        ReadUntil(program, line => line.Contains("opcode=GetAttributes", StringComparison.Ordinal) && ++seen == Count);
    }

    [Fact]
    public void No_other_level_has_a_line_for_a_request()
    {
        using RunningProgram program = Start("debug");
        using (VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(_folder.Socket))
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        Assert.DoesNotContain(ReadUntil(program, line => line.Contains("is gone", StringComparison.Ordinal)), line => line.Contains("request unique=", StringComparison.Ordinal));
    }

    private static List<string> ReadUntil(RunningProgram program, Func<string, bool> isLast)
    {
        List<string> lines = [];
        do
        {
            string line = program.ReadErrorLine();
            Assert.True(line.Length > 0, $"The program's lines ended with: {lines.LastOrDefault()}");
            lines.Add(line);
        }
        while (!isLast(lines[^1]));
        return lines;
    }

    private RunningProgram Start(string level, params string[] extra) =>
        new(["--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, "--log-level", level, .. extra]);
}
