namespace VirtioFs.DeviceEngine.Shares;

/// <summary>What a <see cref="Share.Noted"/> event tells.</summary>
public enum ShareNoteKind
{
    /// <summary>The connected front end has given memory and rings to the device: a virtual machine can use the share.</summary>
    GuestReady,

    /// <summary>Something went wrong, though the share goes on.</summary>
    Trouble,
}
