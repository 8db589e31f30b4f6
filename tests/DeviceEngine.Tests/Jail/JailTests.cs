using System.Diagnostics;
using System.Runtime.CompilerServices;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>What code on a request thread can do to the host, whichever thread it is: nothing but what the share is for.</summary>
public sealed class JailTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vfs-jail-");
    private readonly string _shared;
    private Dictionary<string, int>? _results;
    private string? _thread;

    public JailTests()
    {
        // It asks for the parent's number, which cannot be done from within.
        RuntimeHelpers.RunClassConstructor(typeof(EscapeAttempts).TypeHandle);
        _shared = Path.Combine(_folder.FullName, "shared");
        Directory.CreateDirectory(_shared);
        File.WriteAllText(Path.Combine(_folder.FullName, "beside"), "beside");
        File.WriteAllText(Path.Combine(_shared, "inside"), "inside");
    }

    public static TheoryData<string> Threads => ["q1", "block", "standin"];

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Threads))]
    public void A_thread_that_answers_a_guest_gets_nowhere_and_the_rest_of_the_process_does(string thread)
    {
        AttemptingFileSystem files = new(_shared, Attempt);
        using Share share = StartConfined(files);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Options.SocketPath);
        Exception? fault = Record.Exception(() => Let(guest, files, thread));
        Assert.True(fault is null, $"{fault?.Message} {share.FaultReason}");
        Assert.Equal($"vfs{share.Id}-{thread}", _thread);
        Assert.Equal(string.Empty, string.Join(", ", _results!.Where(result => -result.Value is not (Errno.EPERM or Errno.EACCES or Errno.EXDEV))));
        Dictionary<string, int> outside = EscapeAttempts.Make(_shared);
        Assert.Equal(string.Empty, string.Join(", ", EscapeAttempts.LetOutside.Where(name => outside[name] < 0)));
        Assert.Equal(ShareState.Connected, share.State);
        files.Gate.Set();
    }

    [Fact]
    public void The_documents_table_names_each_attempt_and_no_other()
    {
        using StreamReader text = new(typeof(JailTests).Assembly.GetManifestResourceStream("jail.md")!);
        IEnumerable<string> rows = text.ReadToEnd().Split('\n').SkipWhile(line => line != "| attempt | layer |").Skip(2).TakeWhile(line => line.StartsWith('|'));
        Assert.Equal(EscapeAttempts.All.Keys.Order(), rows.SelectMany(row => row.Split('|')[1].Trim().Split(", ")).Order());
    }

    [Fact]
    public void A_share_that_opens_files_by_handles_does_without_Landlock_unless_it_is_required()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root opens files by handles.");
        using Share share = Start(new AttemptingFileSystem(_shared, () => { }), JailUse.Available);
        Assert.DoesNotContain("Landlock", share.Jail, StringComparison.Ordinal);
        Assert.Contains("left out", share.JailLacking, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_jail_the_same_attempts_succeed()
    {
        AttemptingFileSystem files = new(_shared, Attempt);
        using Share share = Start(files, JailUse.None);
        Assert.Equal("None", share.Jail);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Options.SocketPath);
        Let(guest, files, "q1");
        Assert.Equal(string.Empty, string.Join(", ", EscapeAttempts.LetOutside.Where(name => _results![name] < 0)));
    }

    [Fact]
    public void An_ordinary_users_threads_get_nowhere_either()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can become somebody else.");
        ProcessStartInfo start = new("setpriv") { RedirectStandardOutput = true };
        string self = Environment.ProcessPath!;
        string name = $"{typeof(JailTests).FullName}.{nameof(A_thread_that_answers_a_guest_gets_nowhere_and_the_rest_of_the_process_does)}";
        foreach (string argument in (string[])["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", self, "-method", name])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["HOME"] = "/tmp";
        using Process child = Process.Start(start)!;
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.True(child.ExitCode == 0, output);
        Assert.Contains("Total: 3", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Skipped: 3", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_threads_rights_are_those_that_the_share_needs()
    {
        AttemptingFileSystem files = new(_shared, () => { });
        using Share share = Start(files, JailUse.Available);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Options.SocketPath);
        Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        string[] lines = ReadStatus($"vfs{share.Id}-q1");
        Assert.Matches(@"^(Landlock \d+, )?(Seccomp, )?Capabilities, NoNewPrivileges$", share.Jail);
        Assert.Equal("1", Value(lines, "NoNewPrivs"));
        Assert.Equal("2", Value(lines, "Seccomp"));
        const ulong Forbidden = (1UL << 19) | (1UL << 5) | (1UL << 12) | (1UL << 16) | (1UL << 18) | (1UL << 24) | (1UL << 39);
        foreach (string set in (string[])["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
        {
            Assert.Equal(0UL, Convert.ToUInt64(Value(lines, set), 16) & Forbidden);
        }

        Assert.Equal("0", Value(File.ReadAllLines("/proc/self/status"), "NoNewPrivs"));
        Assert.Equal("0", Value(ReadStatus($"vfs{share.Id}-control"), "Seccomp"));
        Assert.Equal("0", Value(ReadStatus("vfs-watch"), "Seccomp"));
    }

    [Fact]
    public void What_the_runtime_reads_at_any_time_can_be_read_from_within()
    {
        int read = 0;
        string[] files = ["/proc/meminfo", typeof(object).Assembly.Location, typeof(Share).Assembly.Location];
        using Share share = Start(new AttemptingFileSystem(_shared, () => read = files.Count(file => new StreamReader(file).Read() >= 0)), JailUse.Available);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Options.SocketPath);
        Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        Assert.Equal(files.Length, read);
        GC.Collect();
    }

    [Fact]
    public void What_is_heard_of_a_share_is_heard_outside_of_the_jail()
    {
        List<bool> jailed = [];
        AttemptingFileSystem files = new(_shared, () => throw new InvalidOperationException("A fault of the file system."));
        using Share share = Start(files, JailUse.Available);
        share.StateChanged += (_, _) => jailed.Add(ThreadJail.IsHere);
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Options.SocketPath);
        FuseRequest request = guest.Fuse.CreateRequest();
        guest.Fuse.Submit(request.Begin(FuseOpcode.Getattr, 1).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>());
        guest.Fuse.Kick();
        Eventually.Holds(() => share.State == ShareState.Faulted && jailed.Count >= 2, () => $"The share is {share.State}.");
        Assert.DoesNotContain(true, jailed);
    }

    [Fact]
    public void A_file_system_that_does_not_say_what_it_needs_cannot_be_required_to_be_confined()
    {
        using GatedFileSystem files = new();
        JailException refused = Assert.Throws<JailException>(() => Start(files, JailUse.Required));
        Assert.Contains("does not say", refused.Message, StringComparison.Ordinal);
        using Share share = Start(new GatedFileSystem(), JailUse.Available);
        Assert.Equal(JailLayers.None, share.JailLayers);
    }

    private void Attempt()
    {
        _thread = Thread.CurrentThread.Name;
        _results = EscapeAttempts.Make(_shared);
    }

    private Share StartConfined(AttemptingFileSystem files)
    {
        try
        {
            return Start(files, JailUse.Required);
        }
        catch (JailException lacking)
        {
            Assert.Skip($"This system does not allow all of a jail: {lacking.Message}");
            throw;
        }
    }

    private Share Start(Fuse.Operations.IFileSystem files, JailUse jail) => Share.Start(
        new ShareOptions { Path = _shared, Tag = Path.GetFileName(_folder.FullName), SocketPath = Path.Combine(_folder.FullName, "socket"), Jail = jail },
        files);

    private static void Let(VirtioFsGuest guest, AttemptingFileSystem files, string thread)
    {
        switch (thread)
        {
            case "block":
                Assert.Equal(-Errno.ENOENT, guest.Fuse.Open(2, 0, out FuseOpenOut _));
                break;
            case "standin":
                FuseRequest stuck = guest.Fuse.CreateRequest();
                guest.Fuse.Submit(stuck.Begin(FuseOpcode.Opendir, 2).Append(default(FuseOpenIn)).Expect<FuseOpenOut>());
                guest.Fuse.Kick();
                Assert.True(files.IsInside.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
                Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
                files.Gate.Set();
                Assert.Equal(-Errno.ENOENT, guest.Fuse.WaitFor(stuck));
                break;
            default:
                Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
                break;
        }
    }

    private static string[] ReadStatus(string thread)
    {
        string task = Directory.GetDirectories("/proc/self/task").First(task => File.ReadAllText(task + "/comm").TrimEnd() == thread);
        return File.ReadAllLines(task + "/status");
    }

    private static string Value(string[] lines, string name) => lines.First(line => line.StartsWith(name + ":", StringComparison.Ordinal)).Split(':')[1].Trim();
}
