using System.Net.Sockets;
using System.Text;

namespace VirtioFs.Linux.Tests;

/// <summary>The file of a socket, in a folder where somebody else renames things at the same time.</summary>
public sealed class SocketFileTests : IDisposable
{
    private const UnixFileMode Everybody = (UnixFileMode)0x1B6;
    private const UnixFileMode Private = (UnixFileMode)0x180;
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    private string SocketPath => _scratch["socket"];

    [Theory]
    [InlineData(0x180)]
    [InlineData(0x1B0)]
    [InlineData(0x1B6)]
    [InlineData(0x1FF)]
    public void A_socket_gets_its_mode_whatever_the_umask_is(int mode)
    {
        using Socket socket = Create();
        using SocketFile file = SocketFile.At(SocketPath);
        file.Bind((int)socket.Handle, (UnixFileMode)mode, null, out FileIdentity identity);
        Assert.Equal((UnixFileMode)mode, File.GetUnixFileMode(SocketPath));
        Assert.Equal(0, file.GetStatus(out FileStatus status));
        Assert.Equal(identity, FileIdentity.Of(status));
        Assert.Equal(0, file.Remove(identity));
        Assert.False(Path.Exists(SocketPath));
    }

    [Fact]
    public void A_socket_gets_its_group_and_no_other_file_does()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root gives files to any group.");
        using Socket socket = Create();
        using SocketFile file = SocketFile.At(SocketPath);
        file.Bind((int)socket.Handle, Everybody, 4242, out _);
        Assert.Equal(0, file.GetStatus(out FileStatus status));
        Assert.Equal(4242u, status.GroupId);
        Assert.ThrowsAny<IOException>(() => file.Bind((int)socket.Handle, Everybody, RequestThread.InvalidId, out _));
    }

    [Fact]
    public void A_link_that_is_renamed_over_the_socket_leads_no_change_of_mode_to_its_target()
    {
        const int Rounds = 300;
        File.WriteAllText(_scratch["victim"], "victim");
        File.SetUnixFileMode(_scratch["victim"], Private);
        int replaced = 0;
        using (new Attacker(round =>
        {
            File.CreateSymbolicLink(_scratch[$"link{round}"], _scratch["victim"]);
            File.Move(_scratch[$"link{round}"], SocketPath, overwrite: true);
        }))
        {
            for (int i = 0; i < Rounds; i++)
            {
                File.Delete(SocketPath);
                using Socket socket = Create();
                using SocketFile file = SocketFile.At(SocketPath);
                try
                {
                    file.Bind((int)socket.Handle, Everybody, 0, out FileIdentity identity);
                    replaced += file.Remove(identity) == 0 ? 0 : 1;
                }
                catch (LinuxException)
                {
                    replaced++;
                }
            }
        }

        Assert.Equal(Private, File.GetUnixFileMode(_scratch["victim"]));
        Assert.True(replaced > 0, "The attacker was never in time, so nothing was tried.");
    }

    [Fact]
    public void Nothing_but_the_socket_is_removed_whatever_is_renamed_over_it()
    {
        const int Rounds = 1000;
        int kept = 0;
        using Attacker attacker = new(_ =>
        {
            if (File.Exists(_scratch["precious"]))
            {
                File.Move(_scratch["precious"], SocketPath, overwrite: true);
            }
        });
        for (int i = 0; i < Rounds; i++)
        {
            using Socket socket = Create();
            using SocketFile file = SocketFile.At(SocketPath);
            file.Bind((int)socket.Handle, Private, null, out FileIdentity identity);
            File.WriteAllText(_scratch["precious.new"], "precious");
            using FileStream open = File.OpenRead(_scratch["precious.new"]);
            File.Move(_scratch["precious.new"], _scratch["precious"]);
            kept += file.Remove(identity) == 0 ? 0 : 1;
            SpinWait.SpinUntil(() => !File.Exists(_scratch["precious"]), TimeSpan.FromSeconds(10));
            Assert.Equal(0, FileStatus.Of((int)open.SafeFileHandle.DangerousGetHandle(), out FileStatus status));
            Assert.Equal(1u, status.LinkCount);
            foreach (string path in Directory.GetFiles(_scratch.Path))
            {
                File.Delete(path);
            }
        }

        Assert.True(kept is > 0 and < Rounds, $"The attacker came first in {kept} of {Rounds} rounds, so one of both cases was not tried.");
    }

    [Fact]
    public void A_file_that_is_no_socket_or_another_one_is_never_removed()
    {
        using SocketFile file = SocketFile.At(SocketPath);
        File.WriteAllText(SocketPath, "precious");
        Assert.Equal(0, file.GetStatus(out FileStatus status));
        Assert.Equal(-Errno.ESTALE, file.Remove(FileIdentity.Of(status)));
        Assert.Equal("precious", File.ReadAllText(SocketPath));
        File.Delete(SocketPath);
        File.CreateSymbolicLink(SocketPath, "elsewhere");
        Assert.Equal(0, file.GetStatus(out status));
        Assert.Equal(FileStatus.SymbolicLink, status.Type);
        Assert.Equal(-Errno.ESTALE, file.Remove(FileIdentity.Of(status)));
        Assert.Equal([SocketPath], Directory.GetFileSystemEntries(_scratch.Path));
    }

    [Fact]
    public void A_socket_is_in_use_from_bind_to_close_by_whatever_name_it_was_bound()
    {
        using SocketFile file = SocketFile.At(SocketPath);
        using (Socket socket = Create())
        {
            Assert.Equal(0, UnixSocket.Bind((int)socket.Handle, _scratch["./other"]));
            File.Move(_scratch["other"], SocketPath);
            Assert.Equal(0, file.GetStatus(out FileStatus bound));
            Assert.True(file.IsInUse(bound));
            Assert.Equal(0, UnixSocket.Listen((int)socket.Handle, 1));
            Assert.True(file.IsInUse(bound));
        }

        Assert.Equal(0, file.GetStatus(out FileStatus status));
        Assert.False(file.IsInUse(status));
    }

    [Fact]
    public void A_socket_is_in_use_also_where_the_kernel_and_stat_number_the_disk_differently()
    {
        using MountedImage image = MountedImage.Create("btrfs");
        using SocketFile file = SocketFile.At(image["socket"]);
        using (Socket socket = Create())
        {
            Assert.Equal(0, UnixSocket.Bind((int)socket.Handle, image["socket"]));
            Assert.Equal(0, file.GetStatus(out FileStatus bound));
            Assert.SkipWhen(BoundSockets.IsBound(bound, image["socket"]) is null, "The kernel of this machine does not list sockets by their files.");
            Assert.True(BoundSockets.IsBound(bound, image["socket"]));
            Assert.True(BoundSockets.IsBoundTo((int)socket.Handle, bound, image["socket"]));
            Assert.False(BoundSockets.IsListening(image["socket"]));
            Assert.Equal(0, UnixSocket.Listen((int)socket.Handle, 1));
            Assert.True(BoundSockets.IsListening(image["socket"]));
        }

        Assert.Equal(0, file.GetStatus(out FileStatus stale));
        Assert.False(file.IsInUse(stale));
    }

    [Fact]
    public void A_socket_whose_name_looks_like_a_line_of_the_kernels_list_makes_no_stale_one_look_used()
    {
        using (Socket stale = Create())
        {
            Assert.Equal(0, UnixSocket.Bind((int)stale.Handle, SocketPath));
        }

        using Socket liar = Create();
        byte[] name = [0, .. Encoding.UTF8.GetBytes($"\n0: 2 0 00010000 0001 01 1 {SocketPath}")];
        liar.Bind(new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(name)));
        using SocketFile file = SocketFile.At(SocketPath);
        Assert.Equal(0, file.GetStatus(out FileStatus status));
        Assert.SkipWhen(BoundSockets.IsBound(status, SocketPath) is null, "The kernel of this machine does not list sockets by their files.");
        Assert.False(file.IsInUse(status));
    }

    [Fact]
    public void Two_that_set_up_sockets_in_one_folder_take_turns_and_a_stranger_holds_nobody_up_for_long()
    {
        using SocketFile first = SocketFile.At(SocketPath), second = SocketFile.At(_scratch["other"]);
        first.Lock();
        long start = Environment.TickCount64;
        second.Lock();
        Assert.InRange(Environment.TickCount64 - start, 1000, 20_000);
        first.Dispose();
        using SocketFile third = SocketFile.At(SocketPath);
        third.Lock();
    }

    [Fact]
    public void A_folder_that_is_not_there_is_named() =>
        Assert.Contains(_scratch["none"], Assert.Throws<LinuxException>(() => SocketFile.At(_scratch["none/socket"])).Message, StringComparison.Ordinal);

    private static Socket Create() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>Somebody who may write to the folder, and does, again and again.</summary>
    private sealed class Attacker : IDisposable
    {
        private readonly Thread _thread;
        private volatile bool _ends;

        internal Attacker(Action<int> attack)
        {
            _thread = new Thread(() =>
            {
                for (int round = 0; !_ends; round++)
                {
                    try
                    {
                        attack(round);
                    }
                    catch (IOException)
                    {
                        // Somebody else was there first.
                    }
                }
            });
            _thread.Start();
        }

        public void Dispose()
        {
            _ends = true;
            _thread.Join();
        }
    }
}
