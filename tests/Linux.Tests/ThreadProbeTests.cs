namespace VirtioFs.Linux.Tests;

public sealed class ThreadProbeTests
{
    [Fact]
    public void A_thread_that_works_is_runnable_and_one_that_waits_is_not()
    {
        using ManualResetEventSlim goOn = new(false, spinCount: 0);
        using Barrier known = new(2);
        ThreadProbe? probe = null;
        bool works = true;
        Thread thread = new(() =>
        {
            probe = ThreadProbe.OfCaller();
            known.SignalAndWait(TestContext.Current.CancellationToken);
            while (Volatile.Read(ref works))
            {
            }

            goOn.Wait(TestContext.Current.CancellationToken);
        });
        thread.Start();
        known.SignalAndWait(TestContext.Current.CancellationToken);

        Assert.True(SpinWait.SpinUntil(() => probe!.IsRunnable, TimeSpan.FromSeconds(10)));
        Volatile.Write(ref works, false);
        Assert.True(SpinWait.SpinUntil(() => !probe!.IsRunnable, TimeSpan.FromSeconds(10)));

        goOn.Set();
        thread.Join();
        Assert.True(SpinWait.SpinUntil(() => !probe!.IsRunnable, TimeSpan.FromSeconds(10)));
        probe!.Dispose();
        Assert.False(probe.IsRunnable);
    }
}
