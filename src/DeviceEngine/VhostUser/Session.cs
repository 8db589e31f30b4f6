using System.Runtime.InteropServices;
using VirtioFs.DeviceEngine.Descriptors;
using VirtioFs.DeviceEngine.Device;
using VirtioFs.DeviceEngine.Queues;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>
/// One front end's conversation with the device: takes a message, carries it out, answers. What each message means is in the other parts
/// of this class.
/// </summary>
/// <remarks>
/// A message that cannot be carried out is answered with a failure where the front end asked for an acknowledgement, and it decides how to
/// go on; otherwise the session ends, since the two sides would no longer mean the same. A message that the device does not know is
/// answered with a failure or passed over, unless the front end waits for its answer.
/// </remarks>
internal sealed partial class Session : IDisposable
{
    private readonly FrontEndConnection _connection;
    private readonly VirtioFsDevice _device;
    private readonly Action<string> _noteTrouble;
    private readonly Message _message = new();
    private int _backEndChannel = -1;
    private int _logSignal = -1;
    private long _messages;

    /// <summary>Begins a session; the connection is the session's from here on.</summary>
    internal Session(FrontEndConnection connection, VirtioFsDevice device, Action<string> noteTrouble) =>
        (_connection, _device, _noteTrouble) = (connection, device, noteTrouble);

    /// <summary>Messages received.</summary>
    internal long Messages => Volatile.Read(ref _messages);

    /// <summary>What the front end has accepted.</summary>
    internal ProtocolFeatures ProtocolFeatures { get; private set; }

    private ProtocolFeatures OfferedProtocolFeatures =>
        ProtocolFeatures.Offered | (_device.HasConfiguration ? ProtocolFeatures.Configuration : ProtocolFeatures.None);

    /// <summary>Serves until the front end goes, is sent away, or the share stops. Null, or why it was sent away, as a sentence.</summary>
    internal string? Run()
    {
        while (true)
        {
            Reception reception = _connection.Receive(_message, out string? fault);
            if (reception != Reception.Received)
            {
                _message.CloseDescriptors();
                return fault;
            }

            Volatile.Write(ref _messages, _messages + 1);
            Outcome outcome = CarryOut();
            _message.CloseDescriptors();
            if (!TryAnswer(outcome, out fault))
            {
                return fault;
            }
        }
    }

    public void Dispose()
    {
        _message.CloseDescriptors();
        DescriptorDisposal.Close(_backEndChannel);
        DescriptorDisposal.Close(_logSignal);
        (_backEndChannel, _logSignal) = (-1, -1);
        _connection.Dispose();
    }

    private Outcome CarryOut() => _message.Request switch
    {
        FrontEndRequest.GetFeatures => GetFeatures(),
        FrontEndRequest.SetFeatures => SetFeatures(),
        FrontEndRequest.GetProtocolFeatures => GetProtocolFeatures(),
        FrontEndRequest.SetProtocolFeatures => SetProtocolFeatures(),
        FrontEndRequest.SetOwner => SetOwner(),
        FrontEndRequest.ResetOwner => ResetOwner(),
        FrontEndRequest.ResetDevice => ResetDevice(),
        FrontEndRequest.GetQueueCount => GetQueueCount(),
        FrontEndRequest.GetConfiguration => GetConfiguration(),
        FrontEndRequest.SetConfiguration => SetConfiguration(),
        FrontEndRequest.GetStatus => GetStatus(),
        FrontEndRequest.SetStatus => SetStatus(),
        FrontEndRequest.SetBackEndChannel => SetBackEndChannel(),
        FrontEndRequest.SetMemoryTable => SetMemoryTable(),
        FrontEndRequest.GetMaximumMemorySlots => GetMaximumMemorySlots(),
        FrontEndRequest.AddMemoryRegion => AddMemoryRegion(),
        FrontEndRequest.RemoveMemoryRegion => RemoveMemoryRegion(),
        FrontEndRequest.SetLogBase => SetLogBase(),
        FrontEndRequest.SetLogDescriptor => SetLogDescriptor(),
        FrontEndRequest.SetRingSize => SetRingSize(),
        FrontEndRequest.SetRingAddresses => SetRingAddresses(),
        FrontEndRequest.SetRingBase => SetRingBase(),
        FrontEndRequest.GetRingBase => GetRingBase(),
        FrontEndRequest.SetRingKick => SetRingKick(),
        FrontEndRequest.SetRingCall => SetRingCall(),
        FrontEndRequest.SetRingError => SetRingError(),
        FrontEndRequest.SetRingEnabled => SetRingEnabled(),
        _ => Unknown(),
    };

    /// <summary>Answers as the message's outcome, its flags and what was agreed on ask for. False when the session is over.</summary>
    private bool TryAnswer(Outcome outcome, out string? fault)
    {
        const ulong Success = 0, Failure = 1;
        fault = null;
        if (outcome.Kind == OutcomeKind.Answer)
        {
            return TrySend(outcome.Number);
        }

        if (outcome.Kind == OutcomeKind.Replied)
        {
            return true;
        }

        bool acknowledges = _message.NeedsReply && ProtocolFeatures.HasFlag(ProtocolFeatures.ReplyAcknowledge);
        if (outcome.Kind == OutcomeKind.Refused)
        {
            if (!acknowledges)
            {
                fault = outcome.Reason;
                return false;
            }

            _noteTrouble(outcome.Reason!);
        }

        return !acknowledges || TrySend(outcome.Kind == OutcomeKind.Done ? Success : Failure);
    }

    private bool TrySend(ulong number) => TrySend(MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in number)));

    private bool TrySend(ReadOnlySpan<byte> payload) => _connection.TrySend(_message.Request, payload);

    /// <summary>A message that was never offered, or that nobody knows.</summary>
    private Outcome Unknown()
    {
        string reason = $"The front end sent {Describe(_message.Request)}, which this device does not offer.";
        return MustBeAnswered(_message.Request) ? Outcome.Refused(reason) : Outcome.Declined(reason);
    }

    // Those whose answer is more than an acknowledgement: a front end that sent one waits for it.
    private static bool MustBeAnswered(FrontEndRequest request) => request is FrontEndRequest.TranslationMessage
        or FrontEndRequest.CreateCryptoSession or FrontEndRequest.AdvisePostcopy or FrontEndRequest.EndPostcopy
        or FrontEndRequest.GetInflightDescriptor or FrontEndRequest.GetSharedObject
        or FrontEndRequest.SetDeviceStateDescriptor or FrontEndRequest.CheckDeviceState
        or FrontEndRequest.GetSharedMemoryConfiguration;

    private static string Describe(FrontEndRequest request) =>
        Enum.IsDefined(request) ? request.ToString() : $"the unknown message {(uint)request}";

    private Outcome WrongSize() =>
        Outcome.Refused($"The front end sent {Describe(_message.Request)} with {_message.Header.Size} bytes, which is not its size.");

    private Outcome WrongDescriptors(string expected) => Outcome.Refused(
        $"The front end sent {Describe(_message.Request)} with {_message.DescriptorCount} descriptors; it takes {expected}.");

    /// <summary>Checks a message that has neither payload nor descriptors.</summary>
    private bool IsBare(out Outcome refusal) => HasDescriptors(0, "none", out refusal) && HasSize(0, out refusal);

    private bool HasSize(uint size, out Outcome refusal)
    {
        bool right = _message.Header.Size == size;
        refusal = right ? default : WrongSize();
        return right;
    }

    private bool HasDescriptors(int count, string expected, out Outcome refusal)
    {
        bool right = _message.DescriptorCount == count;
        refusal = right ? default : WrongDescriptors(expected);
        return right;
    }

    /// <summary>Reads a message that is one structure without descriptors.</summary>
    private bool TryRead<T>(out T value, out Outcome refusal) where T : unmanaged
    {
        value = default;
        if (!HasDescriptors(0, "none", out refusal))
        {
            return false;
        }

        bool read = _message.TryRead(out value);
        refusal = read ? default : WrongSize();
        return read;
    }

    private bool TryFindQueue(uint index, out VirtQueue queue, out Outcome refusal)
    {
        bool found = index < (uint)_device.Queues.Count;
        queue = found ? _device.Queues[(int)index] : _device.Queues[0];
        refusal = found
            ? default
            : Outcome.Refused($"The front end sent {Describe(_message.Request)} for ring {index}; the device has {_device.Queues.Count}.");
        return found;
    }
}
