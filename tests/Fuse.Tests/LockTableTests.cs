using VirtioFs.Fuse.Budgets;
using VirtioFs.Fuse.Inspection;
using VirtioFs.Fuse.Locks;
using VirtioFs.Linux;

namespace VirtioFs.Fuse.Tests;

/// <summary>A host that hangs over one file keeps nobody from another file's locks.</summary>
public sealed class LockTableTests : IDisposable
{
    private const ulong Slow = 1, Quick = 2;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly ScratchDirectory _scratch = new();
    private readonly ShareBudget _descriptors = new ProcessBudget(1000, 0, 0).Open(100);
    private readonly ShareBudget _records = new ProcessBudget(1000, 0, 0).Open(100);
    private readonly ManualResetEventSlim _host = new();
    private readonly ManualResetEventSlim _isInside = new();
    private readonly LockTable _locks;

    public LockTableTests()
    {
        File.WriteAllText(_scratch["slow"], "");
        File.WriteAllText(_scratch["quick"], "");
        _locks = new LockTable(_descriptors, _records);
    }

    public void Dispose()
    {
        _host.Set();
        _locks.Dispose();
        _scratch.Dispose();
        _host.Dispose();
        _isInside.Dispose();
    }

    [Fact]
    public void Locks_of_other_files_are_taken_tested_given_up_and_listed_meanwhile()
    {
        Thread hanging = Hang(out Func<int> result);
        OnOtherThread(() =>
        {
            Assert.Equal(0, TakeQuick(owner: 1));
            Assert.Equal(-Errno.EAGAIN, TakeQuick(owner: 2));
            Assert.Equal(FileSystemResult.WouldWaitForRelease, TakeQuick(owner: 2, unique: 7));
            List<SessionLock> listed = [];
            _locks.AddTo(listed);
            Assert.Equal(2, listed.Count);
            Assert.Equal(0, _locks.Test(Quick, 2, Byte(0), -1, out LockRange? found));
            Assert.NotNull(found);
            _locks.Abandon(7);
            Assert.Equal(0, _locks.GiveUp(Quick, 1, Byte(0)));
            Assert.Equal(0, TakeQuick(owner: 2));
            _locks.GiveUpAllOf(Quick);
            Assert.Equal(0, TakeQuick(owner: 1));
        });
        _host.Set();
        Assert.True(hanging.Join(s_limit));
        Assert.Equal(0, result());
        Assert.Equal((2, 2), (_descriptors.Held, _records.Held));
    }

    [Fact]
    public void A_session_ends_meanwhile_and_what_comes_back_late_is_let_go_and_in_nobodys_way()
    {
        Assert.Equal(0, TakeQuick(owner: 1));
        Thread hanging = Hang(out Func<int> result);
        OnOtherThread(() =>
        {
            _locks.Clear();
            Assert.Equal((0, 0), (_descriptors.Held, _records.Held));
            Assert.Equal(0, TakeQuick(owner: 2));
            Assert.Equal(0, _locks.Take(Slow, 1, Slow, Byte(0), 0, _ => OpenFile("slow")));
        });
        _host.Set();
        Assert.True(hanging.Join(s_limit));
        Assert.Equal(-Errno.EIO, result());
        Assert.Equal((2, 2), (_descriptors.Held, _records.Held));
        Assert.Equal(-Errno.EAGAIN, _locks.Take(Slow, 2, Slow, Byte(0), 0, _ => OpenFile("slow")));
        _locks.Clear();
        Assert.Equal((0, 0), (_descriptors.Held, _records.Held));
        Assert.DoesNotContain(Directory.GetFiles("/proc/self/fd"), file => new FileInfo(file).LinkTarget?.StartsWith(_scratch.Path, StringComparison.Ordinal) == true);
    }

    [Fact]
    public void What_is_held_of_a_file_that_hangs_when_the_session_ends_is_closed_by_who_comes_back()
    {
        Assert.Equal(0, _locks.Take(Slow, 1, Slow, Byte(5), 0, _ => OpenFile("slow")));
        Thread hanging = Hang(out Func<int> result);
        OnOtherThread(_locks.Clear);
        Assert.Equal((1, 0), (_descriptors.Held, _records.Held));
        _host.Set();
        Assert.True(hanging.Join(s_limit));
        Assert.Equal(-Errno.EIO, result());
        Assert.Equal((0, 0), (_descriptors.Held, _records.Held));
    }

    private static LockRange Byte(long at) => new(at, at, IsWrite: true, 1);

    private static void OnOtherThread(Action action)
    {
        Task task = Task.Run(action);
        Assert.True(task.Wait(s_limit), "Who hangs over another file is waited for.");
    }

    private int TakeQuick(ulong owner, ulong unique = 0) => _locks.Take(Quick, owner, Quick, Byte(0), unique, _ => OpenFile("quick"));

    private int OpenFile(string name) => Files.Open(_scratch[name], OpenFlags.ReadWrite);

    /// <summary>Has a thread inside of a call to the host over the slow file.</summary>
    private Thread Hang(out Func<int> result)
    {
        int answer = 1;
        Thread thread = new(() => Volatile.Write(ref answer, _locks.Take(Slow, 3, Slow, Byte(0), 0, _ =>
        {
            _isInside.Set();
            _host.Wait();
            return OpenFile("slow");
        })));
        thread.Start();
        Assert.True(_isInside.Wait(s_limit));
        result = () => Volatile.Read(ref answer);
        return thread;
    }
}
