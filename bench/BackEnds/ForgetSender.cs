using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.Bench.BackEnds;

/// <summary>Sends FORGET as a Linux guest does: on the high-priority queue, and nobody waits for it.</summary>
internal sealed class ForgetSender
{
    private const int MostInFlight = 32;
    private readonly FuseClient _client;
    private readonly Stack<FuseRequest> _free = new(MostInFlight);

    public ForgetSender(FuseClient highPriority)
    {
        _client = highPriority;
        for (int i = 0; i < MostInFlight; i++)
        {
            _free.Push(highPriority.CreateRequest(64));
        }
    }

    /// <summary>Forgets one lookup of an inode.</summary>
    public void Send(ulong node)
    {
        while (_client.TryReceive(out FuseRequest done))
        {
            _free.Push(done);
        }

        if (!_free.TryPop(out FuseRequest? request))
        {
            request = _client.Receive();
        }

        _client.Submit(request.Begin(FuseOpcode.Forget, node).Append(new FuseForgetIn { LookupCount = 1 }).WithoutReply());
        _client.Kick();
    }

    /// <summary>Waits until all are taken.</summary>
    public void Drain()
    {
        while (_free.Count < MostInFlight)
        {
            _free.Push(_client.Receive());
        }
    }
}
