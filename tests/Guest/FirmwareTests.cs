using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Guest.Harness;

namespace VirtioFs.Guest;

/// <summary>
/// A machine that boots from its share: the driver of the firmware (edk2) is the first of the device, the one of Linux the second, in one
/// session of the front end.
/// </summary>
public sealed class FirmwareTests
{
    [Fact]
    public async Task Firmware_boots_a_guest_from_the_share_that_the_guest_mounts_then()
    {
        QemuGuest kernel = new();
        kernel.SkipTestUnlessAvailable("objcopy");
        Assert.SkipUnless(File.Exists("/usr/share/OVMF/OVMF_CODE_4M.fd"), "There is no firmware here (package ovmf).");
        Assert.SkipUnless(File.Exists("/usr/lib/systemd/boot/efi/linuxx64.efi.stub"), "There is no stub for firmware here (package systemd-boot-efi).");
        using TestFolder folder = new();
        string shared = folder.MakeShared();
        string image = Path.Combine(shared, "EFI", "BOOT", "BOOTX64.EFI");
        using Share share = Share.Start(new ShareOptions { Path = shared, Tag = "firmware", SocketPath = folder.Socket("firmware") });
        await using RunningGuest guest = await kernel.StartAsync(folder, new GuestOptions
        {
            Shares = [new GuestShare("firmware", share.Options.SocketPath)],
            FirmwareImage = image,
            Script = """
                busybox sha256sum <EFI/BOOT/BOOTX64.EFI
                echo 'written in the guest' >from-guest
                """,
        });
        GuestResult result = (await guest.WaitForEndAsync()).ShouldSucceed();
        string expected = await HostProgram.RunAsync("sh", "-c", $"sha256sum <'{image}'");
        Assert.Contains(expected.Trim(), result.Output, StringComparison.Ordinal);
        Assert.Equal("written in the guest\n", await File.ReadAllTextAsync(Path.Combine(shared, "from-guest"), TestContext.Current.CancellationToken));
    }
}
