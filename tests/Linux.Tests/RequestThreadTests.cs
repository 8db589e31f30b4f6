using System.Globalization;

namespace VirtioFs.Linux.Tests;

public sealed unsafe class RequestThreadTests
{
    [Fact]
    public void Preparing_a_thread_leaves_the_process_as_it_is()
    {
        string[] before = Process();
        string[] during = [], thread = [];
        OnThreadOfItsOwn(() =>
        {
            _ = RequestThread.Enter();
            thread = State("/proc/thread-self");
            during = Process();
        });
        Assert.Equal(before, during);
        Assert.Equal(before, Process());
        Assert.Contains("Umask:\t0000", thread);
        Assert.Contains("cwd /proc/", thread.First(line => line.StartsWith("cwd", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void Acting_as_a_guests_user_reaches_one_thread_and_ends()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can act as others.");
        string[] before = Process();
        string[] during = [], after = [], processDuring = [];
        OnThreadOfItsOwn(() =>
        {
            RequestThread thread = RequestThread.Enter();
            string[] prepared = State("/proc/thread-self");
            using (ImpersonationScope scope = thread.ActAs(1234, 2345, 3456))
            {
                Assert.Equal(0, scope.Error);
                during = State("/proc/thread-self");
                processDuring = Process();
            }

            after = State("/proc/thread-self");
            Assert.Equal(prepared, after);
        });
        Assert.Contains("Uid:\t0\t1234\t0\t1234", during);
        Assert.Contains("Gid:\t0\t2345\t0\t2345", during);
        Assert.Contains("Groups:\t3456 ", during);
        Assert.Equal(before, processDuring);
    }

    [Theory]
    [InlineData(RequestThread.InvalidId, 0u, null)]
    [InlineData(0u, RequestThread.InvalidId, null)]
    [InlineData(0u, 0u, RequestThread.InvalidId)]
    public void Nobody_acts_as_the_id_that_the_kernel_takes_for_no_change(uint user, uint group, uint? supplementaryGroup) => OnThreadOfItsOwn(() =>
    {
        RequestThread thread = RequestThread.Enter();
        string[] before = State("/proc/thread-self");
        using (ImpersonationScope scope = thread.ActAs(user, group, supplementaryGroup))
        {
            Assert.Equal(-Errno.EOVERFLOW, scope.Error);
        }

        using (SetIdLossScope scope = thread.LoseSetId(RequestThread.InvalidId))
        {
            Assert.Equal(-Errno.EOVERFLOW, scope.Error);
        }

        Assert.Equal(before, State("/proc/thread-self"));
        Assert.Equal(-Errno.EINVAL, PathCalls.ChangeOwner(0, RequestThread.InvalidId, null));
    });

    [Fact]
    public void Having_no_right_to_set_id_bits_ends_with_its_scope()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has rights to give up.");
        OnThreadOfItsOwn(() =>
        {
            RequestThread thread = RequestThread.Enter();
            string[] before = State("/proc/thread-self");
            using (SetIdLossScope scope = thread.LoseSetId(2345))
            {
                Assert.Equal(0, scope.Error);
                Assert.False(thread.Effective.HasFlag(Capability.KeepSetId));
                Assert.Contains("Gid:\t0\t2345\t0\t2345", State("/proc/thread-self"));
            }

            Assert.Equal(before, State("/proc/thread-self"));
        });
    }

    [Fact]
    public void A_write_past_the_process_limit_of_file_sizes_sends_the_thread_no_signal()
    {
        const int FileSizeSignal = 25;
        string[] thread = [];
        OnThreadOfItsOwn(() =>
        {
            _ = RequestThread.Enter();
            thread = State("/proc/thread-self");
        });
        string blocked = thread.First(line => line.StartsWith("SigBlk:", StringComparison.Ordinal));
        Assert.NotEqual(0ul, ulong.Parse(blocked.AsSpan("SigBlk:".Length), NumberStyles.AllowHexSpecifier | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) & (1UL << (FileSizeSignal - 1)));
    }

    [Fact]
    public void Capabilities_that_were_given_up_for_a_while_come_back()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has capabilities to give up.");
        OnThreadOfItsOwn(() =>
        {
            RequestThread thread = RequestThread.Enter();
            Assert.True(thread.Effective.HasFlag(Capability.KeepSetId));
            Assert.False(thread.Effective.HasFlag(Capability.ExceedResources));
            Assert.Equal(0, thread.Without(Capability.KeepSetId));
            Assert.False(thread.Effective.HasFlag(Capability.KeepSetId));
            Assert.Equal(0, thread.With(Capability.KeepSetId));
            Assert.True(thread.Effective.HasFlag(Capability.KeepSetId));
        });
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(9, "9")]
    [InlineData(10, "10")]
    [InlineData(2147483647, "2147483647")]
    public void A_descriptors_name_is_its_number(int descriptor, string expected)
    {
        byte* name = stackalloc byte[DescriptorName.MaximumLength];
        DescriptorName.Write(descriptor, name);
        Assert.Equal(expected, new string((sbyte*)name));
    }

    // The main thread stands for the process: what a shell's user would notice.
    private static string[] Process() => State($"/proc/self/task/{Environment.ProcessId}");

    private static string[] State(string folder)
    {
        string[] names = ["Umask:", "Uid:", "Gid:", "Groups:", "CapEff:", "CapPrm:", "NoNewPrivs:", "Seccomp:", "SigBlk:", "SigIgn:"];
        return
        [
            .. File.ReadLines($"{folder}/status").Where(line => names.Any(name => line.StartsWith(name, StringComparison.Ordinal))),
            $"cwd {Directory.ResolveLinkTarget($"{folder}/cwd", returnFinalTarget: false)?.FullName}",
        ];
    }

    private static void OnThreadOfItsOwn(Action action)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            throw new InvalidOperationException("The thread failed.", failure);
        }
    }
}
