using VirtioFs.Frontend;
using VirtioFs.Frontend.VhostUser;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>A device that changes hands in a session: from firmware to an operating system, and back at each reboot.</summary>
public sealed class DriverChangeTests
{
    private const int Changes = 10;

    // What EDK2's VirtioFsDxe agrees on, and what Linux does; their rings have different sizes.
    private static readonly (VirtioFeatures Features, int QueueSize)[] s_drivers =
    [
        (VirtioFeatures.Version1, 64),
        (VirtioFeatures.LinuxGuest, 1024),
        (VirtioFeatures.Version1 | VirtioFeatures.IndirectDescriptors, 128),
        (VirtioFeatures.Version1 | VirtioFeatures.EventIndex, 16),
    ];

    [Theory]
    [InlineData(FrontEndKind.Qemu)]
    [InlineData(FrontEndKind.CloudHypervisor)]
    [InlineData(FrontEndKind.UserModeLinux)]
    public void Each_driver_is_served_after_the_front_end_stopped_the_rings(FrontEndKind kind) => ChangeHands(kind, guest => guest.Stop());

    [Fact]
    public void Each_driver_is_served_after_the_status_was_set_to_zero() =>
        ChangeHands(FrontEndKind.Qemu, guest => guest.Connection.SetStatus(0));

    [Fact]
    public void Each_driver_is_served_after_a_reset_of_the_device() => ChangeHands(FrontEndKind.Qemu, guest => guest.Connection.ResetDevice());

    [Fact]
    public void Each_driver_is_served_after_its_rings_were_disabled() => ChangeHands(
        FrontEndKind.Qemu,
        guest =>
        {
            for (int i = 0; i < guest.Queues.Count; i++)
            {
                guest.Connection.SetVringEnable(i, false);
            }
        });

    [Fact]
    public void Features_may_change_while_the_rings_run()
    {
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, new GuestOptions { QueueSize = 64 });
        for (int i = 0; i < Changes * s_drivers.Length; i++)
        {
            guest.ChangeFeatures(s_drivers[i % s_drivers.Length].Features);
            for (int file = 0; file < 50; file++)
            {
                ServingTests.WriteFile(guest.Fuse, $"file{i}-{file}", "text");
            }
        }

        Assert.Null(share.Share.FaultReason);
    }

    private static void ChangeHands(FrontEndKind kind, Action<VirtioFsGuest> leave)
    {
        using TemporaryShare share = new();
        GuestOptions options = new() { FrontEnd = kind, MemoryBytes = 256 << 20, Features = s_drivers[0].Features, QueueSize = s_drivers[0].QueueSize };
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket, options);
        ServingTests.WriteFile(guest.Fuse, "first", "text");
        for (int i = 1; i < Changes * s_drivers.Length; i++)
        {
            leave(guest);
            (VirtioFeatures features, int queueSize) = s_drivers[i % s_drivers.Length];
            if (kind == FrontEndKind.UserModeLinux)
            {
                guest.Connection.SetFeatures(features | (guest.Features & VirtioFeatures.VhostUserProtocol));
            }

            guest.StartOtherDriver(features, queueSize);
            guest.Mount();
            for (int file = 0; file < 20; file++)
            {
                ServingTests.WriteFile(guest.Fuse, $"file{i}-{file}", "text");
            }

            Assert.Null(share.Share.FaultReason);
        }
    }
}
