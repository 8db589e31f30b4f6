using VirtioFs.Fuse.Budgets;

namespace VirtioFs.Fuse.Tests;

/// <summary>What shares take together stays within the process's bound, and none takes what another was promised.</summary>
public sealed class ProcessBudgetTests
{
    [Fact]
    public void A_share_that_takes_all_it_can_leaves_the_others_what_they_were_promised_and_room_for_new_ones()
    {
        ProcessBudget process = new(limit: 100, reserve: 20, promise: 10);
        using ShareBudget greedy = process.Open(most: 1000), modest = process.Open(most: 1000);
        Assert.Equal(70, TakeAll(greedy));
        Assert.Equal(10, TakeAll(modest));
        using ShareBudget third = process.Open(most: 1000), fourth = process.Open(most: 1000);
        Assert.Equal(10, TakeAll(third));
        Assert.Equal(10, TakeAll(fourth));
        using ShareBudget fifth = process.Open(most: 1000);
        Assert.Equal(0, TakeAll(fifth));
        Assert.Equal(100, new[] { greedy, modest, third, fourth, fifth }.Sum(share => share.Held));
    }

    [Fact]
    public void What_is_given_back_is_there_for_all()
    {
        ProcessBudget process = new(limit: 100, reserve: 20, promise: 10);
        using ShareBudget first = process.Open(most: 1000), second = process.Open(most: 1000);
        Assert.Equal(70, TakeAll(first));
        first.Give(65);
        Assert.Equal(70, TakeAll(second));
        Assert.Equal(5, TakeAll(first));
        second.Give(70);
        second.Dispose();
        Assert.Equal(70, TakeAll(first));
    }

    [Fact]
    public void A_share_never_takes_more_than_its_own_bound_and_all_of_a_wish_or_nothing()
    {
        ProcessBudget process = new(limit: 100, reserve: 20, promise: 10);
        using ShareBudget share = process.Open(most: 7);
        Assert.True(share.TryTake(5));
        Assert.False(share.TryTake(3));
        Assert.True(share.TryTake(2));
        Assert.False(share.HasRoom);
        Assert.Equal(7, share.Held);
    }

    [Fact]
    public void Half_of_a_process_s_descriptors_stay_free_of_guests_but_for_what_new_shares_were_promised()
    {
        foreach (long limit in (long[])[256, 1024, 4096, 524288])
        {
            ProcessBudget process = ProcessBudget.OfDescriptors(limit);
            List<ShareBudget> shares = [];
            for (long free = limit; process.HasRoom; free = limit - shares.Sum(share => (long)share.Held))
            {
                ShareBudget share = process.Open(limit / 32 * 11);
                shares.Add(share);
                _ = TakeAll(share);
                Assert.InRange(free, limit / 4, limit);
            }

            Assert.InRange(shares.Sum(share => (long)share.Held), 0, limit / 2);
            ShareBudget next = process.Open(limit);
            Assert.InRange(TakeAll(next), 16, limit / 4);
        }
    }

    [Fact]
    public void Many_threads_that_take_and_give_leave_the_count_as_it_was()
    {
        ProcessBudget process = new(limit: 1000, reserve: 100, promise: 10);
        ShareBudget[] shares = [process.Open(500), process.Open(500)];
        Parallel.For(0, 8, number =>
        {
            Random random = new(number);
            for (int i = 0; i < 20000; i++)
            {
                int count = random.Next(1, 40);
                ShareBudget share = shares[random.Next(2)];
                if (share.TryTake(count))
                {
                    share.Give(count);
                }
            }
        });
        Assert.All(shares, share => Assert.Equal(0, share.Held));
        Assert.Equal(500, TakeAll(shares[0]));
        Assert.Equal(400, TakeAll(shares[1]));
    }

    private static int TakeAll(ShareBudget share)
    {
        int taken = 0;
        while (share.TryTake())
        {
            taken++;
        }

        return taken;
    }
}
