using VirtioFs.DeviceEngine.Shares;
using VirtioFs.Frontend;
using VirtioFs.Frontend.Memory;
using VirtioFs.Frontend.VhostUser;
using VirtioFs.Frontend.Wire;
using VirtioFs.Linux;

namespace VirtioFs.Fuzz;

/// <summary>Messages of vhost-user with whatever descriptors, from front ends that come and go; a good one comes between them.</summary>
internal sealed class MessageTarget : IDisposable
{
    private const int LongestPayload = 4200, MostMessages = 24;
    private const uint Version = 1, NeedReply = 8;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    private readonly Choices _choices = new();
    private readonly Corpus _corpus = new();
    private readonly Random _random;
    private readonly Share _share;
    private readonly List<int> _descriptors = [];
    private readonly byte[] _payload = new byte[LongestPayload];
    private long _sessions;

    internal MessageTarget(Share share, ulong seed)
    {
        _share = share;
        _random = new Random((int)seed);
        _choices.Seed(seed + 991);
    }

    internal Corpus Corpus => _corpus;

    /// <summary>Plays one front end. Answers how many messages it sent.</summary>
    internal int Step()
    {
        const int BetweenGoodOnes = 16;
        if (_sessions++ % BetweenGoodOnes == 0)
        {
            ServeGoodOne();
        }

        _choices.Begin(_corpus.Next(_random));
        MakeDescriptors();
        int sent = 0;
        int last = 0;
        using (VhostUserConnection connection = VhostUserConnection.Connect(_share.Options.SocketPath, s_patience))
        {
            connection.Patience = s_patience;
            for (int messages = 1 + _choices.Below(MostMessages); messages > 0 && Send(connection, ref last); messages--)
            {
                sent++;
            }
        }

        _descriptors.ForEach(FileDescriptor.Close);
        _descriptors.Clear();
        _corpus.Note(_choices, last, (int)(_share.GetStatistics().FailedSessions & 1), 0);
        return Math.Max(sent, 1);
    }

    public void Dispose() => _descriptors.ForEach(FileDescriptor.Close);

    private void ServeGoodOne()
    {
        if (_share.State is ShareState.Stopped or ShareState.Faulted)
        {
            throw new FuzzFinding($"The share is {_share.State}: {_share.FaultReason}");
        }

        try
        {
            using VirtioFsGuest guest = VirtioFsGuest.ConnectAndMount(
                _share.Options.SocketPath, new GuestOptions { MemoryBytes = 4 << 20, LowMemoryBytes = 0, QueueSize = 64, Patience = s_patience });
            if (guest.Fuse.Getattr(1, out FuseAttrOut _) != 0)
            {
                throw new FuzzFinding("A good front end got an error for the share's root.");
            }
        }
        catch (BackEndException fault)
        {
            throw new FuzzFinding($"A good front end was not served: {fault.Message} The share says: {_share.FaultReason}");
        }
    }

    private void MakeDescriptors()
    {
        const int Size = 1 << 20;
        _descriptors.Add(EventFd.Create());
        _descriptors.Add(EventFd.Create());
        _descriptors.Add(SharedMemory.Create("guest-memory", Size));
        _descriptors.Add(SharedDescription.CreateFile("/dev/shm", Size));
        _descriptors.Add(Files.Open("/dev/null", OpenFlags.ReadWrite));
        SharedDescription.MakePipe(out int reader, out int writer);
        _descriptors.Add(reader);
        _descriptors.Add(writer);
        if (UnixSocket.CreatePair(out int first, out int second) == 0)
        {
            _descriptors.Add(first);
            _descriptors.Add(second);
        }
    }

    private bool Send(VhostUserConnection connection, ref int last)
    {
        MistreatDescriptors();
        VhostUserRequest request = (VhostUserRequest)(_choices.OneIn(50) ? _choices.UInt32() : (uint)_choices.Below(46));
        int length = MakePayload(request, out int descriptors);
        descriptors = _choices.OneIn(20) ? _choices.Below(9) : descriptors;
        length = _choices.OneIn(20) ? _choices.Below(LongestPayload) : length;
        Span<int> given = stackalloc int[descriptors];
        foreach (ref int descriptor in given)
        {
            descriptor = DescriptorFor(request);
        }

        last = (last * 48) + (int)request;
        bool asks = !_choices.OneIn(4);
        VhostUserHeader header = new()
        {
            Request = request,
            Flags = _choices.OneIn(100) ? _choices.UInt32() : Version | (asks ? NeedReply : 0),
            Size = _choices.OneIn(60) ? (uint)_choices.Interesting() : (uint)length,
        };
        if (connection.SendRaw(header, _payload.AsSpan(0, length), given) < 0)
        {
            return false;
        }

        // An answer may come or not; what came is taken, so that the back end is not the one who waits.
        while (connection.WaitReadable(TimeSpan.FromMilliseconds(_choices.OneIn(8) ? 2 : 0)))
        {
            try
            {
                _ = connection.Receive();
            }
            catch (BackEndException)
            {
                return false;
            }
        }

        return true;
    }

    private int DescriptorFor(VhostUserRequest request) => _choices.OneIn(6) ? _descriptors[_choices.Below(_descriptors.Count)] : request switch
    {
        VhostUserRequest.AddMemReg or VhostUserRequest.SetMemTable or VhostUserRequest.SetLogBase or VhostUserRequest.RemMemReg =>
            _descriptors[2 + _choices.Below(2)],
        _ => _descriptors[_choices.Below(2)],
    };

    private void MistreatDescriptors()
    {
        switch (_choices.Below(24))
        {
            case 0:
                SharedDescription.MakeBlocking(_descriptors[0]);
                break;
            case 1:
                if (!SharedDescription.IsBlocking(_descriptors[0]))
                {
                    _ = EventFd.Drain(_descriptors[0]);
                    SharedDescription.Fill(_descriptors[0]);
                }

                break;
            case 2:
                _ = Files.Truncate(_descriptors[2 + _choices.Below(2)], _choices.Below(1 << 21));
                break;
            case 3:
                if (EventFd.HasRoom(_descriptors[1]))
                {
                    _ = EventFd.Signal(_descriptors[1]);
                }

                break;
            default:
                break;
        }
    }

    // What each message carries, in the places where it belongs, most often with numbers that fit together.
    private int MakePayload(VhostUserRequest request, out int descriptors)
    {
        _payload.AsSpan().Clear();
        descriptors = 0;
        switch (request)
        {
            case VhostUserRequest.SetFeatures:
                return Put(0, _choices.OneIn(4) ? _choices.Interesting() : 0x1_7400_0000ul & ~(_choices.Interesting() & 0x1_3000_0000));
            case VhostUserRequest.SetProtocolFeatures:
                return Put(0, _choices.OneIn(4) ? _choices.Interesting() : 0x1_a22bul);
            case VhostUserRequest.SetVringNum or VhostUserRequest.SetVringBase or VhostUserRequest.SetVringEnable or VhostUserRequest.GetVringBase:
                _ = Put(0, (uint)Ring());
                return Put(4, request == VhostUserRequest.SetVringNum ? 1u << _choices.Below(12) : (uint)_choices.Below(3));
            case VhostUserRequest.SetVringAddr:
                _ = Put(0, (ulong)Ring());
                foreach (int place in (int[])[8, 16, 24])
                {
                    _ = Put(place, _choices.OneIn(8) ? _choices.Interesting() : 0x1000_0000ul + ((ulong)_choices.Byte() << 12));
                }

                return Put(32, _choices.Interesting());
            case VhostUserRequest.SetVringKick or VhostUserRequest.SetVringCall or VhostUserRequest.SetVringErr:
                descriptors = 1;
                return Put(0, (ulong)Ring());
            case VhostUserRequest.AddMemReg or VhostUserRequest.RemMemReg:
                descriptors = request == VhostUserRequest.AddMemReg ? 1 : 0;
                return Put(8, Region(0));
            case VhostUserRequest.SetMemTable:
                descriptors = 1 + _choices.Below(3);
                _ = Put(0, (ulong)descriptors);
                for (int i = 0; i < descriptors; i++)
                {
                    _ = Put(8 + (32 * i), Region(i));
                }

                return 8 + (32 * descriptors);
            case VhostUserRequest.SetLogBase:
                descriptors = 1;
                _ = Put(0, (ulong)_choices.UInt32() & 0xfffff);
                return Put(8, _choices.OneIn(4) ? _choices.Interesting() : 0ul);
            case VhostUserRequest.SetBackendReqFd or VhostUserRequest.SetLogFd:
                descriptors = 1;
                return 0;
            case VhostUserRequest.GetConfig or VhostUserRequest.SetConfig:
                uint size = (uint)_choices.Below(80);
                _ = Put(0, (uint)_choices.Below(60));
                _ = Put(4, size);
                return 12 + (int)size;
            case VhostUserRequest.SetStatus:
                return Put(0, (ulong)_choices.Byte() & 0xf);
            default:
                return 0;
        }
    }

    private int Ring() => _choices.OneIn(16) ? (int)_choices.Interesting() : _choices.Below(3);

    private MemoryRegionDescription Region(int number)
    {
        ulong size = _choices.OneIn(6) ? _choices.Interesting() : 0x10000ul << _choices.Below(5);
        ulong guest = ((ulong)number << 24) + (_choices.OneIn(6) ? _choices.Interesting() : (ulong)_choices.Below(2) << 22);
        return new MemoryRegionDescription(guest, size, 0x1000_0000 + guest, _choices.OneIn(6) ? _choices.Interesting() : 0);
    }

    private int Put<T>(int place, T value) where T : unmanaged
    {
        System.Runtime.InteropServices.MemoryMarshal.Write(_payload.AsSpan(place), in value);
        return place + System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
    }
}
