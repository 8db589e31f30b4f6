using VirtioFs.EndToEnd.Tests.Sharing;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Whole;

/// <summary>Every front end's way of setting up leads to a guest that works, with whatever features it takes.</summary>
public sealed class FrontEndTests
{
    public static TheoryData<FrontEndKind, VirtioFeatures, int, int> Guests
    {
        get
        {
            TheoryData<FrontEndKind, VirtioFeatures, int, int> guests = [];
            foreach (FrontEndKind kind in Enum.GetValues<FrontEndKind>())
            {
                guests.Add(kind, VirtioFeatures.LinuxGuest, 1024, 1);
                guests.Add(kind, VirtioFeatures.LinuxGuest, 128, 1);
                guests.Add(kind, VirtioFeatures.Version1, 1024, 1);
                guests.Add(kind, VirtioFeatures.Version1 | VirtioFeatures.EventIndex, 512, 2);
                guests.Add(kind, VirtioFeatures.Version1 | VirtioFeatures.IndirectDescriptors, 4, 4);
            }

            return guests;
        }
    }

    [Theory]
    [MemberData(nameof(Guests))]
    public void A_guest_works(FrontEndKind kind, VirtioFeatures features, int queueSize, int queues)
    {
        Assert.SkipWhen(ServingBackEnd.Command is not null && (queues > 1 || kind is FrontEndKind.UserModeLinux), "The other back end has one queue.");
        using SharedTree tree = new(new GuestOptions
        {
            FrontEnd = kind,
            Features = features,
            QueueSize = queueSize,
            RequestQueues = queues,
            LowMemoryBytes = kind is FrontEndKind.UserModeLinux ? 0UL : 1 << 20,
        });
        UseEveryQueue(tree);
        tree.Guest.Reboot();
        tree.Guest.Mount();
        UseEveryQueue(tree);
    }

    [Theory]
    [InlineData(ProtocolFeatures.None)]
    [InlineData(ProtocolFeatures.MultipleQueues)]
    [InlineData(ProtocolFeatures.ReplyAck)]
    [InlineData(ProtocolFeatures.ConfigureMemorySlots)]
    [InlineData(ProtocolFeatures.Status | ProtocolFeatures.ReplyAck)]
    [InlineData(ProtocolFeatures.Config | ProtocolFeatures.BackendRequests)]
    public void A_front_end_may_take_few_protocol_features(ProtocolFeatures features)
    {
        using SharedTree tree = new(new GuestOptions { ProtocolFeatures = features });
        UseEveryQueue(tree);
    }

    [Fact]
    public void User_mode_linux_is_told_the_tag()
    {
        Assert.SkipUnless(ServingBackEnd.Command is null, "The other back end's tag is another.");
        using SharedTree tree = new(new GuestOptions { FrontEnd = FrontEndKind.UserModeLinux, LowMemoryBytes = 0 });
        Assert.Equal(tree.BackEnd.Share.Options.Tag, tree.Guest.Tag);
    }

    [Fact]
    public void A_ring_that_was_stopped_says_how_far_it_came()
    {
        using SharedTree tree = new();
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(0, tree.Fuse.Getattr(SharedTree.Root, out _));
        }

        // INIT and ten GETATTR.
        Assert.Equal([0, 11], tree.Guest.Stop());
    }

    private static void UseEveryQueue(SharedTree tree)
    {
        tree.WriteOnHost("file", "content");
        foreach (FuseClient fuse in tree.Guest.Clients)
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(0, fuse.Lookup(SharedTree.Root, "file", out FuseEntryOut entry));
                Assert.Equal(0, fuse.Open(entry.NodeId, HostFile.Raw(OpenFlags.O_RDONLY), out FuseOpenOut open));
                Assert.Equal(7, fuse.Read(entry.NodeId, open.Handle, 0, 4096));
                Assert.Equal(0, fuse.Release(entry.NodeId, open.Handle));
                fuse.Forget(entry.NodeId);
            }
        }
    }
}
