using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using VirtioFs.Fuse.Passthrough.Options;
using VirtioFs.Fuse.Wire;
using VirtioFs.Fuse.Wire.Files;
using VirtioFs.Fuse.Wire.Names;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>
/// In whose name files are made by a process that lacks some of root's rights: in the guest's user's, or not at all. Each case runs this
/// very program anew, below a tool that takes rights away.
/// </summary>
public sealed class ConfinedProcessTests : IDisposable
{
    private const ulong Root = 1;
    private const string DirectoryVariable = "VIRTIOFS_TEST_CONFINED_DIRECTORY", StageVariable = "VIRTIOFS_TEST_CONFINED_STAGE";
    private const string NotStarted = "not started";
    private readonly ScratchDirectory _scratch = new();

    public static TheoryData<string, string> Confinements => new()
    {
        { "setpriv --bounding-set=-setpcap", "made 1234:5678, root made 0:0" },
        { "setpriv --securebits=+no_setuid_fixup,+no_setuid_fixup_locked", "made 1234:5678, root made 0:0" },
        { "setpriv --securebits=+no_setuid_fixup,+no_setuid_fixup_locked --bounding-set=-setpcap", "made 1234:5678, root made 0:0" },
        { "setpriv --securebits=+keep_caps_locked", "made 1234:5678, root made 0:0" },
        { "setpriv --bounding-set=-fsetid,-sys_admin,-dac_read_search", "made 1234:5678, root made 0:0" },
        { "setpriv --bounding-set=-setuid", NotStarted },
        { "setpriv --bounding-set=-setgid", NotStarted },
        { "setpriv --bounding-set=-all", NotStarted },
        { "setpriv --securebits=+noroot,+noroot_locked", NotStarted },
        { "setpriv --reuid=4321 --regid=4322 --clear-groups", "made 4321:4322, root made 4321:4322" },
        { "setpriv --reuid=4321 --regid=4322 --clear-groups --inh-caps=+setuid,+setgid,+dac_override --ambient-caps=+setuid,+setgid,+dac_override", "made 1234:5678, root made 0:0" },
        { "setpriv --reuid=4321 --regid=4322 --clear-groups --inh-caps=+setuid --ambient-caps=+setuid", "made 4321:4322, root made 4321:4322" },
        { "unshare --user --map-root-user", $"refused {Errno.EINVAL}, root made 0:0" },
        { "unshare --mount", "made 1234:5678, root made 0:0" },
    };

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [MemberData(nameof(Confinements))]
    public void Files_are_made_in_the_callers_name_or_not_at_all(string confinement, string expected)
    {
        string result = RunConfined(confinement, "make");
        Assert.StartsWith(expected, result, StringComparison.Ordinal);
        if (expected == NotStarted)
        {
            Assert.Contains("CAP_SETUID and CAP_SETGID", result, StringComparison.Ordinal);
            Assert.Contains("read-only", result, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(_scratch.Path));
            Assert.Equal("read", RunConfined(confinement, "read"));
        }
    }

    [Theory]
    [InlineData("no-proc")]
    [InlineData("false-proc")]
    public void A_share_does_not_start_where_extended_attributes_would_go_to_files_named_like_a_descriptor(string stage)
    {
        string result = RunConfined("unshare --mount --propagation private", stage);
        Assert.StartsWith(NotStarted, result, StringComparison.Ordinal);
        Assert.Contains("/proc", result, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("false-setresuid", 117, 147)]
    [InlineData("false-setresgid", 119, 149)]
    [InlineData("false-setgroups", 116, 159)]
    public void A_sandbox_that_says_yes_and_does_nothing_is_noticed(string stage, int number, int numberOnArm)
    {
        string result = RunConfined("setpriv --groups=7", $"{stage}:{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? numberOnArm : number)}");
        Assert.StartsWith(NotStarted, result, StringComparison.Ordinal);
        Assert.Contains("CAP_SETUID and CAP_SETGID", result, StringComparison.Ordinal);
    }

    /// <summary>What the processes do that <see cref="RunConfined"/> starts.</summary>
    [Fact(Explicit = true)]
    public void Child()
    {
        string directory = Environment.GetEnvironmentVariable(DirectoryVariable)!;
        string stage = Environment.GetEnvironmentVariable(StageVariable)!;
        Console.Error.WriteLine($"result: {Perform(directory, stage)}");
    }

    private static string Perform(string directory, string stage)
    {
        if (stage.EndsWith("-proc", StringComparison.Ordinal))
        {
            using Process mount = Process.Start("mount", ["-t", "tmpfs", "none", "/proc"]);
            mount.WaitForExit();
            if (stage == "false-proc")
            {
                Directory.CreateDirectory("/proc/self/fd");
            }
        }

        if (stage.StartsWith("false-set", StringComparison.Ordinal))
        {
            Assert.Equal(0, Pretend(uint.Parse(stage.Split(':')[1], CultureInfo.InvariantCulture)));
        }

        try
        {
            using FuseGuest guest = new(directory, new PassthroughOptions { ReadOnly = stage == "read" });
            return stage == "read"
                ? guest.Send(FuseOpcode.OpenDirectory, Root, new OpenIn()).Error == 0 ? "read" : "not read"
                : $"{Make(guest, directory, 1234, 5678)}, root {Make(guest, directory, 0, 0)}";
        }
        catch (IOException refusal)
        {
            return $"{NotStarted}: {refusal.Message}";
        }
    }

    private static string Make(FuseGuest guest, string directory, uint user, uint group)
    {
        (guest.UserId, guest.GroupId) = (user, group);
        string name = user.ToString(CultureInfo.InvariantCulture);
        int error = guest.Send(FuseOpcode.MakeNode, Root, new MakeNodeIn { Mode = 0x89ED }, FuseGuest.Text(name)).Error;
        if (error != 0)
        {
            return Path.Exists(Path.Combine(directory, name)) ? "refused, but made" : $"refused {error}";
        }

        using FileDescriptor made = new(Files.Open(Path.Combine(directory, name), OpenFlags.Path));
        Assert.Equal(0, FileStatus.Of(made.Value, out FileStatus status));
        return $"made {status.UserId}:{status.GroupId}";
    }

    /// <summary>Makes a system call of this thread, and of those that it starts, answer 0 and do nothing (seccomp(2), SECCOMP_RET_ERRNO).</summary>
    private static unsafe int Pretend(uint number)
    {
        const int SetSeccomp = 22, FilterMode = 2;
        const ushort Load = 0x20, JumpIfEqual = 0x15, Return = 0x06;
        const uint Allow = 0x7fff0000, PretendSuccess = 0x00050000;
        Instruction* code = stackalloc Instruction[] { new(Load, 0, 0, 0), new(JumpIfEqual, 0, 1, number), new(Return, 0, 0, PretendSuccess), new(Return, 0, 0, Allow) };
        FilterProgram program = new() { Length = 4, Code = code };
        return Prctl(SetSeccomp, FilterMode, (nint)(&program), 0, 0);
    }

    [DllImport("libc", EntryPoint = "prctl")]
    private static extern int Prctl(int option, nint a, nint b, nint c, nint d);

    private string RunConfined(string confinement, string stage)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has rights that can be taken away.");
        string[] words = confinement.Split(' ');
        Assert.SkipUnless(Path.Exists($"/usr/bin/{words[0]}"), $"{words[0]} is missing.");
        File.SetUnixFileMode(_scratch.Path, (UnixFileMode)0x1FF);
        ProcessStartInfo start = new(words[0], [.. words[1..], Environment.ProcessPath!, "-method", $"*.{nameof(ConfinedProcessTests)}.{nameof(Child)}", "-explicit", "only"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[DirectoryVariable] = _scratch.Path;
        start.Environment[StageVariable] = stage;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), "The confined process did not end in time.");
        string all = errors.Result + output.Result;
        Assert.SkipWhen(all.Contains("unshare failed", StringComparison.Ordinal), "This machine lets nobody make a namespace.");
        Assert.SkipWhen(all.Contains("Permission denied", StringComparison.Ordinal), "An ordinary user may not run this program where it lies.");
        int begin = all.IndexOf("result: ", StringComparison.Ordinal);
        Assert.True(begin >= 0, all);
        return all[(begin + "result: ".Length)..].Split('\n')[0];
    }

    /// <summary><c>struct sock_filter</c> (<c>linux/filter.h</c>).</summary>
    private readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Value);

    /// <summary><c>struct sock_fprog</c>.</summary>
    private unsafe struct FilterProgram
    {
        public ushort Length;
        public Instruction* Code;
    }
}
