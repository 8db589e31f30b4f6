using VirtioFs.EndToEnd.Tests.Sharing;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Fuse;
using VirtioFs.Frontend.Rings;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;

namespace VirtioFs.EndToEnd.Tests.Hostile;

/// <summary>A guest that changes requests and descriptors while they are read harms nobody but itself.</summary>
public sealed class ChangingMemoryTests : IDisposable
{
    private const int Depth = 8, Rounds = 20_000, DataBytes = 8192;
    private readonly SharedTree _tree;
    private readonly FuseRequest[] _requests = new FuseRequest[Depth];
    private readonly ulong _node, _handle;
    private volatile bool _ending;

    public ChangingMemoryTests()
    {
        // Chains lie in the ring's own table, where they can be changed.
        _tree = new SharedTree(new GuestOptions { Features = VirtioFeatures.Version1, Patience = TimeSpan.FromSeconds(2) });
        File.WriteAllBytes(_tree.Host("file"), new byte[1 << 20]);
        (_node, _handle) = _tree.Open("file");
        for (int i = 0; i < Depth; i++)
        {
            _requests[i] = _tree.Fuse.CreateRequest(512, DataBytes);
        }

        _tree.Fuse.ChecksReplies = false;
    }

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Requests_that_change_while_they_are_read_are_all_answered()
    {
        RunBeside(ChangeRequests, mayBreak: false);
        Assert.Equal(0, _tree.Fuse.Getattr(SharedTree.Root, out _));
    }

    [Fact]
    public void Descriptors_that_change_while_they_are_read_cost_the_ring_at_most()
    {
        RunBeside(ChangeDescriptors, mayBreak: true);
        Assert.SkipUnless(ServingBackEnd.Command is null, "The other back end serves one guest.");
        _tree.Guest.Dispose();
        using VirtioFsGuest next = VirtioFsGuest.ConnectAndMount(_tree.BackEnd.Socket);
        Assert.Equal(0, next.Fuse.Getattr(SharedTree.Root, out _));
    }

    private void RunBeside(Action<Random> change, bool mayBreak)
    {
        Thread changer = new(() =>
        {
            Random random = new(1);
            while (!_ending)
            {
                change(random);
            }
        });
        changer.Start();
        try
        {
            Run();
        }
        catch (BackEndException) when (mayBreak)
        {
            // The ring was stopped, or says what makes no sense to a driver that lies to itself.
        }
        finally
        {
            _ending = true;
            changer.Join();
        }
    }

    private void Run()
    {
        for (int i = 0; i < Depth; i++)
        {
            _tree.Fuse.Submit(Build(_requests[i], i));
        }

        _tree.Fuse.Kick();
        for (int done = 0; done < Rounds; done++)
        {
            FuseRequest request = _tree.Fuse.Receive();
            if (done < Rounds - Depth)
            {
                _tree.Fuse.Submit(Build(request, done));
                _tree.Fuse.Kick();
            }
        }
    }

    // No operation among these takes disk space that a changed number could make endless.
    private FuseRequest Build(FuseRequest request, int kind) => (kind % 5) switch
    {
        0 => request.Begin(FuseOpcode.Read, _node).Append(new FuseReadIn { Handle = _handle, Size = DataBytes }).ExpectData(DataBytes),
        1 => request.Begin(FuseOpcode.Write, _node).Append(new FuseWriteIn { Handle = _handle, Size = 100 }).SendData(100).Expect<FuseWriteOut>(),
        2 => request.Begin(FuseOpcode.Lookup, SharedTree.Root).AppendName("file").Expect<FuseEntryOut>(),
        3 => request.Begin(FuseOpcode.Getxattr, _node).Append(new FuseGetxattrIn { Size = 4096 }).AppendName("user.name").ExpectData(4096),
        _ => request.Begin(FuseOpcode.BatchForget, 0).Append(new FuseBatchForgetIn { Count = 4 }).Append(new byte[64]).WithoutReply(),
    };

    private void ChangeRequests(Random random)
    {
        FuseRequest request = _requests[random.Next(Depth)];
        switch (random.Next(4))
        {
            case 0:
                Volatile.Write(ref request.Header.Length, (uint)random.Next());
                break;
            case 1:
                Volatile.Write(ref request.Header.ExtensionLength, (ushort)random.Next());
                break;
            case 2:
                Volatile.Write(ref request.Header.Length, (uint)random.Next(200));
                break;
            default:
                request.ArgumentsBuffer.Span[random.Next(64)] = (byte)random.Next();
                break;
        }
    }

    private void ChangeDescriptors(Random random)
    {
        ref RingDescriptor descriptor = ref _tree.Fuse.Queue.Descriptor(random.Next(64));
        RingDescriptor saved = descriptor;
        descriptor = random.Next(4) switch
        {
            0 => saved with { GuestAddress = (ulong)random.NextInt64() },
            1 => saved with { Length = (uint)random.Next() },
            2 => saved with { Next = (ushort)random.Next() },
            _ => saved with { Flags = (DescriptorFlags)random.Next(8) },
        };
        Thread.SpinWait(random.Next(50));
        descriptor = saved;
    }
}
