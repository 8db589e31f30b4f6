using VirtioFs.DeviceEngine.Descriptors;
using VirtioFs.DeviceEngine.Memory;

namespace VirtioFs.DeviceEngine.VhostUser;

/// <summary>The log of what was written into the guest's memory (<c>VHOST_USER_SET_LOG_BASE</c>, <c>VHOST_USER_SET_LOG_FD</c>).</summary>
internal sealed partial class Session
{
    /// <summary>Begins to log into shared memory. Without LOG_SHMFD there is only an address of the front end's own, which says nothing here.</summary>
    private Outcome SetLogBase()
    {
        if (!ProtocolFeatures.HasFlag(ProtocolFeatures.LogSharedMemory))
        {
            return TryRead(out ulong _, out Outcome wrong) ? Outcome.Done : wrong;
        }

        if (!HasDescriptors(1, "one", out Outcome refusal))
        {
            return refusal;
        }

        if (!_message.TryRead(out LogDescription log))
        {
            return WrongSize();
        }

        string? fault = FileMapping.TryCreate(_message.LookAtDescriptor(0), log.FileOffset, log.Size, out FileMapping? mapping);
        if (fault is not null)
        {
            return Outcome.Refused($"The log of written memory {fault}.");
        }

        if (mapping!.MayVanish)
        {
            mapping.LetGo();
            return Outcome.Refused("The log of written memory is in a file that cannot be sealed against shrinking; it has to be a memfd that can.");
        }

        _device.SetLog(new DirtyLog(mapping));

        // Answered even where no acknowledgement was asked for (vhost-user: Communication).
        return Outcome.Answer(0);
    }

    /// <summary>Keeps the descriptor that may tell of new marks in the log. Front ends read the log when they need it, so nobody is told.</summary>
    private Outcome SetLogDescriptor()
    {
        if (!HasDescriptors(1, "one", out Outcome refusal))
        {
            return refusal;
        }

        DescriptorDisposal.Close(_logSignal);
        _logSignal = _message.TakeDescriptor();
        return Outcome.Done;
    }
}
