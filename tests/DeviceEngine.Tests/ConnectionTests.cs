using VirtioFs.DeviceEngine.VhostUser;
using VirtioFs.Linux;

namespace VirtioFs.DeviceEngine.Tests;

/// <summary>What a connection's thread looks after while it waits for its front end.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task Nobody_is_taken_to_knock_beside_a_front_end_that_has_gone()
    {
        const int Rounds = 1500;
        int knocks = 0;
        using FileDescriptor interrupt = new(EventFd.Create());
        for (int round = 0; round < Rounds; round++)
        {
            Assert.Equal(0, UnixSocket.CreatePair(out int ours, out int theirs));
            using FileDescriptor frontEnd = new(theirs);
            using FrontEndConnection connection = new(ours, interrupt.Value);

            // The socket stands for the listener too, since both become ready at one moment so: as late as poll(2) looks at the listener, the front end has gone.
            connection.Attend(new ConnectionWatch(ours, Knock, () => 0));
            Task going = Task.Run(() => UnixSocket.Shutdown(theirs), TestContext.Current.CancellationToken);
            Assert.Equal(Reception.Closed, connection.Receive(new Message(), out string? _));
            await going;
        }

        Assert.Equal(0, knocks);

        bool Knock()
        {
            knocks++;
            return true;
        }
    }
}
