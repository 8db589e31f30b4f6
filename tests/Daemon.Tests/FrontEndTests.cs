using System.IO.MemoryMappedFiles;
using System.Net.Sockets;
using VirtioFs.Frontend;
using VirtioFs.Frontend.VhostUser;

namespace VirtioFs.Daemon.Tests;

/// <summary>What the program says of a front end, and to it.</summary>
public sealed class FrontEndTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_configuration_is_offered_with_a_tag_and_not_without(bool hasTag)
    {
        using RunningProgram program = Start(hasTag ? ["--tag", "t"] : []);
        program.ReadErrorLine();
        using VhostUserConnection connection = VhostUserConnection.Connect(_folder.Socket);
        Assert.Equal(hasTag, connection.GetProtocolFeatures().HasFlag(ProtocolFeatures.Config));
    }

    [Fact]
    public void A_guest_whose_rings_are_set_up_is_called_connected()
    {
        using RunningProgram program = Start("--tag", "t");
        program.ReadErrorLine();
        using (VirtioFsGuest.Connect(_folder.Socket))
        {
            Assert.Contains("a virtual machine is connected", program.ReadErrorLine());
        }

        Assert.Contains("waiting for the next", program.ReadErrorLine());
    }

    [Fact]
    public void A_front_end_that_starts_the_device_and_gives_no_memory_is_told_of_and_not_called_connected()
    {
        using RunningProgram program = Start();
        program.ReadErrorLine();
        using VhostUserConnection connection = VhostUserConnection.Connect(_folder.Socket);
        VirtioFeatures features = connection.GetFeatures();
        connection.SetProtocolFeatures(connection.GetProtocolFeatures() & ProtocolFeatures.Qemu);
        connection.SetOwner();
        connection.SetFeatures(features & (VirtioFeatures.LinuxGuest | VirtioFeatures.VhostUserProtocol));
        connection.SetStatus(11);

        string line = program.ReadErrorLine();
        Assert.Contains("without giving it the guest's memory", line);
        Assert.Contains("share=on", line);
    }

    [Fact]
    public unsafe void A_front_end_that_maps_the_guests_memory_privately_is_told_of_and_not_called_connected()
    {
        const int Size = 1 << 20;
        string path = Path.Combine(_folder.Shared, "memory");
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.SetLength(Size);
        using var mapping = MemoryMappedFile.CreateFromFile(file, null, Size, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
        using MemoryMappedViewAccessor view = mapping.CreateViewAccessor(0, Size, MemoryMappedFileAccess.CopyOnWrite);
        using RunningProgram program = Start();
        program.ReadErrorLine();
        using VhostUserConnection connection = VhostUserConnection.Connect(_folder.Socket);
        VirtioFeatures features = connection.GetFeatures();
        connection.SetProtocolFeatures(connection.GetProtocolFeatures() & ProtocolFeatures.Qemu);
        connection.SetOwner();
        connection.SetFeatures(features & (VirtioFeatures.LinuxGuest | VirtioFeatures.VhostUserProtocol));
        connection.AddMemoryRegion(
            new MemoryRegionDescription(0, Size, (ulong)view.SafeMemoryMappedViewHandle.DangerousGetHandle(), 0), (int)file.SafeFileHandle.DangerousGetHandle());
        connection.SetVringNum(0, 128);
        connection.SetVringEnable(0, true);

        string line = program.ReadErrorLine();
        Assert.Contains("private to the virtual machine's process", line);
        Assert.Contains("share=on", line);
    }

    [Fact]
    public void A_second_front_end_is_sent_away_with_a_word()
    {
        using RunningProgram program = Start();
        program.ReadErrorLine();
        using VirtioFsGuest first = VirtioFsGuest.ConnectAndMount(_folder.Socket, new GuestOptions { RequestQueues = 1 });
        program.ReadErrorLine();

        using Socket second = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        second.Connect(new UnixDomainSocketEndPoint(_folder.Socket));
        second.ReceiveTimeout = 10_000;

        Assert.Equal(0, second.Receive(new byte[1]));
        Assert.Contains($"Process {Environment.ProcessId} wanted to connect", program.ReadErrorLine());
        first.Mount();
    }

    [Fact]
    public void A_front_end_that_comes_when_another_has_gone_is_served()
    {
        using RunningProgram program = Start();
        program.ReadErrorLine();
        for (int visit = 0; visit < 20; visit++)
        {
            using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(_folder.Socket);
        }
    }

    private RunningProgram Start(params string[] extra) => new(["--shared-dir", _folder.Shared, "--socket-path", _folder.Socket, .. extra]);
}
