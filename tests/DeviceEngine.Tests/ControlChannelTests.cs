using System.Net.Sockets;
using System.Text;
using VirtioFs.DeviceEngine.Control;
using VirtioFs.DeviceEngine.Observation;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>Who asks a detached share may be root, and who answers an ordinary user with a program of their own.</summary>
public sealed class ControlChannelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vfs-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public ControlChannelTests()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, "s")));
        _listener.Listen();
    }

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_answer_that_comes_byte_by_byte_is_not_waited_for_longer_than_any_other()
    {
        CancellationToken test = TestContext.Current.CancellationToken;
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(test);
        Task dripping = Task.Run(() => Answer(socket =>
        {
            while (!over.Token.WaitHandle.WaitOne(100))
            {
                socket.Send("x"u8);
            }
        }), test);
        IOException silence = await Assert.ThrowsAsync<IOException>(() => Task.Run(Ask, test).WaitAsync(TimeSpan.FromSeconds(60), test));
        Assert.Contains("has not answered", silence.Message, StringComparison.Ordinal);
        await over.CancelAsync();
        await dripping;
    }

    [Theory]
    [InlineData("""{"Changes":[null]}""")]
    [InlineData("""{"Operations":[null]}""")]
    [InlineData("""{"Counts":{"Queues":[null]}}""")]
    [InlineData("""{"Counts":{"Operations":{"Operations":[null]}}}""")]
    [InlineData("""{"Counts":{"Operations":null}}""")]
    [InlineData("""{"Guest":{"ProcessId":1,"ConnectedAt":"2026-01-01T00:00:00Z","Features":0,"ProtocolFeatures":0,"MemorySize":0,"Queues":[null]}}""")]
    [InlineData("""{"Guest":{"ProcessId":1,"ConnectedAt":"2026-01-01T00:00:00Z","Features":0,"ProtocolFeatures":0,"MemorySize":0,"Queues":null}}""")]
    [InlineData("null")]
    [InlineData("[]")]
    public async Task An_answer_with_parts_missing_is_none(string answer)
    {
        Task answering = Task.Run(() => Answer(socket => socket.Send(Encoding.UTF8.GetBytes(answer + "\n"))), TestContext.Current.CancellationToken);
        Assert.Throws<IOException>(Ask);
        await answering;
    }

    [Fact]
    public async Task An_answer_without_faults_is_taken()
    {
        Task answering = Task.Run(() => Answer(socket => socket.Send("""{"Done":true,"Jail":"x"}"""u8.ToArray().Append((byte)'\n').ToArray())), TestContext.Current.CancellationToken);
        Assert.Equal("x", Ask().Jail);
        await answering;
    }

    [Fact]
    public void What_is_asked_for_is_taken_at_once_however_much_else_there_was()
    {
        const int Others = 3000;
        using TemporaryShare share = new();
        using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(share.Socket);
        using ShareWatch watch = new(share.Share, 10_000, [Fuse.Wire.FuseOpcode.Lookup]);
        for (int i = 0; i < Others; i++)
        {
            Assert.Equal(0, guest.Fuse.Getattr(1, out FuseAttrOut _));
        }

        _ = guest.Fuse.Lookup(1, "nothing", out FuseEntryOut _);
        _ = guest.Fuse.Getattr(1, out FuseAttrOut _);
        Assert.Equal("nothing", Assert.Single(watch.Take()).Operation.Name);
    }

    private ControlAnswer Ask() => ControlClient.Ask(Path.Combine(_folder, "s"), ProcessSession.EffectiveUserId, Environment.ProcessId, new ControlRequest());

    private void Answer(Action<Socket> answer)
    {
        using Socket connection = _listener.Accept();
        _ = ControlLine.Read(connection, 4096, 20_000);
        try
        {
            answer(connection);
        }
        catch (SocketException)
        {
            // Who asked has gone.
        }
    }
}
