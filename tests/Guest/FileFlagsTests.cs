using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Guest.Harness;
using VirtioFs.Linux;

namespace VirtioFs.Guest;

/// <summary>What programs of a guest reach through ioctl(2): flags, projects, and folders that the host encrypts.</summary>
public sealed class FileFlagsTests
{
    private const uint SetPolicy = 0x800C6613, AddKey = 0xC0506617, RemoveKey = 0xC0406618;

    private const string Script = """
        chattr +A file
        case $(lsattr file) in *A*file) ;; *) exit 1 ;; esac
        mkdir /run/shares/projects/folder
        chattr -p 77 +P /run/shares/projects/folder
        echo >/run/shares/projects/folder/inherits
        lsattr -p /run/shares/projects/folder/inherits
        chattr +i file
        if rm -f file 2>/run/said; then exit 1; fi
        busybox grep -q 'Operation not permitted' /run/said
        chattr -i file
        case $(lsattr -d secret) in *E*secret) ;; *) exit 1 ;; esac
        name=$(busybox printf 'n%.0s' $(busybox seq 200))
        echo 'from the guest' >secret/$name
        mkdir secret/inner
        echo deeper >secret/inner/file
        mv secret/inner/file secret/moved
        cat secret/of-the-host
        case $(lsattr secret/moved) in *E*secret/moved) ;; *) exit 1 ;; esac
        if mv secret/moved outside 2>/dev/null; then :; fi
        echo outside >plain
        if ln plain secret/linked 2>/run/said; then exit 1; fi
        busybox grep -q 'cross-device' /run/said
        busybox sync
        echo 3 >/proc/sys/vm/drop_caches
        echo written
        while [ ! -e locked ]; do busybox sleep 0.1; done
        if cat secret/of-the-host 2>/dev/null; then exit 1; fi
        if sh -c 'echo >secret/new' 2>/run/said; then exit 1; fi
        busybox grep -q 'Required key not available' /run/said
        echo without key
        """;

    [Fact]
    public async Task Flags_and_projects_are_the_host_s_and_encrypted_folders_are_open_to_guests_as_long_as_to_the_host()
    {
        UserModeLinux kernel = new();
        kernel.SkipTestUnlessAvailable("chattr", "lsattr");
        using MountedImage image = MountedImage.Create("ext4", 320, "-O", "encrypt"), projects = MountedImage.Create("xfs");
        byte[] policy = [2, 1, 4, 3, .. new byte[4], .. new byte[16]];
        Assert.SkipUnless(TryAddKey(image.Path, policy.AsSpan(8)), "This kernel has no encryption of files.");
        Directory.CreateDirectory(image["secret"]);
        Assert.Equal(0, Control(image["secret"], SetPolicy, policy));
        await File.WriteAllTextAsync(image["file"], "content", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(image["secret/of-the-host"], "from the host\n", TestContext.Current.CancellationToken);
        using TestFolder folder = new();
        using Share share = Share.Start(new ShareOptions { Path = image.Path, Tag = "flags", SocketPath = folder.Socket("flags") });
        using Share projectShare = Share.Start(new ShareOptions { Path = projects.Path, Tag = "projects", SocketPath = folder.Socket("projects") });
        await using RunningGuest guest = await kernel.StartAsync(folder, new GuestOptions
        {
            Shares = [new GuestShare("flags", share.Options.SocketPath), new GuestShare("projects", projectShare.Options.SocketPath)],
            Script = Script,
        });

        await guest.WaitForOutputAsync("written");
        Assert.Equal("from the guest\n", await File.ReadAllTextAsync(image[$"secret/{new string('n', 200)}"], TestContext.Current.CancellationToken));
        Assert.Equal("   77", (await HostProgram.RunAsync("lsattr", "-p", projects["folder/inherits"]))[..5]);
        Assert.Contains("A", (await HostProgram.RunAsync("lsattr", image["file"])).Split(' ')[0], StringComparison.Ordinal);

        Assert.True(SpinWait.SpinUntil(() => IsKeyGone(image.Path, policy.AsSpan(8)), TimeSpan.FromSeconds(10)), "Files of the folder are still in use.");
        await File.WriteAllTextAsync(image["locked"], "", TestContext.Current.CancellationToken);
        GuestResult result = (await guest.WaitForEndAsync()).ShouldSucceed();
        Assert.Contains("from the host\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("without key\n", result.Output, StringComparison.Ordinal);
    }

    private static bool TryAddKey(string path, Span<byte> identifier)
    {
        const int KeySize = 64, RawOffset = 80, SizeOffset = 40, IdentifierOffset = 8;
        byte[] argument = new byte[RawOffset + KeySize];
        MemoryMarshal.Write(argument, 2u);
        MemoryMarshal.Write(argument.AsSpan(SizeOffset), (uint)KeySize);
        argument.AsSpan(RawOffset).Fill(1);
        int added = Control(path, AddKey, argument);
        argument.AsSpan(IdentifierOffset, identifier.Length).CopyTo(identifier);
        return added == 0;
    }

    /// <summary>Takes the key back. False while the guest, or we for it, still know files that need it.</summary>
    private static bool IsKeyGone(string path, ReadOnlySpan<byte> identifier)
    {
        const int IdentifierOffset = 8, StatusOffset = 40;
        byte[] argument = new byte[64];
        MemoryMarshal.Write(argument, 2u);
        identifier.CopyTo(argument.AsSpan(IdentifierOffset));
        Assert.Equal(0, Control(path, RemoveKey, argument));
        return MemoryMarshal.Read<uint>(argument.AsSpan(StatusOffset)) == 0;
    }

    private static unsafe int Control(string path, uint command, byte[] argument)
    {
        int descriptor = Files.Open(path, OpenFlags.ReadOnly);
        fixed (byte* bytes = argument)
        {
            int result = FileControl.Send(descriptor, command, bytes);
            FileDescriptor.Close(descriptor);
            return result;
        }
    }
}
