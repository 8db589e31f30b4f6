using VirtioFs.EndToEnd.Tests.Sharing;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Whole;

/// <summary>Rings go round: their indices through 16 bits, their entries through the ring.</summary>
public sealed class RingTests
{
    private const int MoreThanAllIndices = 70_000;

    [Theory]
    [InlineData(VirtioFeatures.LinuxGuest, CompletionWait.Poll)]
    [InlineData(VirtioFeatures.LinuxGuest, CompletionWait.Sleep)]
    [InlineData(VirtioFeatures.Version1, CompletionWait.Poll)]
    [InlineData(VirtioFeatures.Version1, CompletionWait.Sleep)]
    public void Requests_go_on_after_the_indices_have_wrapped(VirtioFeatures features, CompletionWait wait)
    {
        const int Depth = 6;
        using SharedTree tree = new(new GuestOptions { Features = features, QueueSize = 32 });
        tree.Guest.SetCompletionWait(wait);
        for (int i = 0; i < Depth; i++)
        {
            tree.Fuse.Submit(Build(tree.Fuse.CreateRequest(256)));
        }

        tree.Fuse.Kick();
        for (int done = 0; done < MoreThanAllIndices; done++)
        {
            FuseRequest request = tree.Fuse.Receive();
            Assert.Equal(0, request.Error);
            if (done < MoreThanAllIndices - Depth)
            {
                tree.Fuse.Submit(Build(request));
                tree.Fuse.Kick();
            }
        }
    }

    /// <summary>What a driver before had taken round many times does not matter to the next one, wherever that begins.</summary>
    [Theory]
    [InlineData(VirtioFeatures.LinuxGuest, false)]
    [InlineData(VirtioFeatures.Version1, false)]
    [InlineData(VirtioFeatures.LinuxGuest, true)]
    public void A_ring_that_went_round_is_set_up_anew_from_any_index(VirtioFeatures features, bool resets)
    {
        const int MoreThanAllDescriptors = 66_000;
        using SharedTree tree = new(new GuestOptions { Features = features, QueueSize = 32 });
        tree.Guest.SetCompletionWait(CompletionWait.Poll);
        int requests = MoreThanAllDescriptors;
        foreach (ushort first in (ushort[])[0, 1, 31, 32, 0x7fff, 0xffe0, 0xffff, 0])
        {
            for (int i = 0; i < requests; i++)
            {
                Assert.Equal(0, tree.Fuse.Getattr(SharedTree.Root, out FuseAttrOut _));
            }

            requests = 300;

            if (resets)
            {
                tree.Guest.Connection.ResetDevice();
            }

            tree.Guest.Reboot(first);
            tree.Guest.Mount();
            Assert.Equal(0, tree.Fuse.Getattr(SharedTree.Root, out FuseAttrOut _));
            Assert.Equal(first, (ushort)(tree.Guest.Queues[1].AvailableIndex - 2));
        }
    }

    [Theory]
    [InlineData(0, 1, 0, true)]
    [InlineData(1, 1, 0, false)]
    [InlineData(4, 5, 4, true)]
    [InlineData(3, 5, 4, false)]
    [InlineData(5, 10, 4, true)]
    [InlineData(65535, 0, 65535, true)]
    [InlineData(65534, 1, 65534, true)]
    [InlineData(1, 1, 65534, false)]
    [InlineData(0, 1, 65534, true)]
    public void An_event_is_due_when_its_index_was_passed(int eventIndex, int newIndex, int oldIndex, bool due) =>
        Assert.Equal(due, RingArithmetic.NeedsEvent((ushort)eventIndex, (ushort)newIndex, (ushort)oldIndex));

    private static FuseRequest Build(FuseRequest request) =>
        request.Begin(FuseOpcode.Getattr, SharedTree.Root).Append(default(FuseGetattrIn)).Expect<FuseAttrOut>();
}
